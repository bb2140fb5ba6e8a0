"use strict";
/* Tables that sort, values under the pointer, and the section that is being read. */
(() => {
  const tip = document.getElementById("tip");

  function showTip(event, content) {
    tip.replaceChildren(...content);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, window.innerWidth - box.width - 8);
    const y = event.clientY + 16 + box.height > window.innerHeight
      ? event.clientY - box.height - 12 : event.clientY + 16;
    tip.style.left = `${Math.max(8, x)}px`;
    tip.style.top = `${Math.max(8, y)}px`;
  }

  function line(text, style) {
    const row = document.createElement("div");
    if (style) {
      const mark = document.createElement("b");
      mark.className = style;
      row.append(mark);
    }
    row.append(text);
    return row;
  }

  const hide = () => { tip.hidden = true; };
  window.reportTip = { show: showTip, line, hide };

  /* Sorting: numbers by value, undefined ones always last. */
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
      const body = table.tBodies[0];
      const numeric = head.classList.contains("num");
      const down = head.getAttribute("aria-sort") === "ascending";
      const key = (row) => row.cells[column].dataset.sort;
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const order = numeric ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true });
        return down ? -order : order;
      });
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...rows);
    }));
  }

  /* Line plots: a cursor at the nearest point and its values. */
  for (const svg of document.querySelectorAll("svg[data-hover]")) {
    const data = JSON.parse(svg.dataset.hover);
    data.x = data.x.split("|");
    for (const entry of data.series) entry.text = entry.text.split("|");
    const [left, top, right, bottom] = data.box;
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cursor.setAttribute("class", "cursor off");
    cursor.setAttribute("y1", top);
    cursor.setAttribute("y2", bottom);
    svg.append(cursor);
    const leave = () => {
      cursor.classList.add("off");
      hide();
      svg.dispatchEvent(new CustomEvent("residue", { bubbles: true, detail: null }));
    };
    svg.addEventListener("pointermove", (event) => {
      const frame = svg.getScreenCTM();
      const x = (event.clientX - frame.e) / frame.a;
      const y = (event.clientY - frame.f) / frame.d;
      if (x < left - 6 || x > right + 6 || y < top - 6 || y > bottom + 6) return leave();
      let at = 0;
      data.px.forEach((place, k) => {
        if (Math.abs(place - x) < Math.abs(data.px[at] - x)) at = k;
      });
      cursor.setAttribute("x1", data.px[at]);
      cursor.setAttribute("x2", data.px[at]);
      cursor.classList.remove("off");
      const article = svg.closest(".target");
      const focus = article ? article.dataset.focus : "";
      const rows = data.series.filter((entry) => !entry.group || entry.group === focus);
      showTip(event, [
        line(`${data.xlabel} ${data.x[at]}`),
        ...rows.map((entry) => line(`${entry.name} ${entry.text[at]}`, entry.style)),
      ]);
      if (article && data.xlabel === "residue") {
        svg.dispatchEvent(new CustomEvent("residue", { bubbles: true, detail: at }));
      }
    });
    svg.addEventListener("pointerleave", leave);
  }

  /* The entry of the contents that is being read. */
  const links = new Map();
  for (const link of document.querySelectorAll(".toc a")) {
    const place = document.getElementById(link.hash.slice(1));
    if (place) links.set(place, link);
  }
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) seen.add(entry.target); else seen.delete(entry.target);
    }
    const here = [...links.keys()].filter((place) => seen.has(place)).pop();
    for (const [place, link] of links) {
      link.classList.toggle("here", place === here);
      if (place === here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-15% 0px -75% 0px" });
  links.forEach((_, place) => watcher.observe(place));

  /* On paper everything is open. */
  const closed = [];
  window.addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("main details:not([open])")) {
      closed.push(part);
      part.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const part of closed.splice(0)) part.open = false;
  });
})();
