"use strict";
/* The 3D views: superposed structures, what is shown of them, and the residue under the pointer. */
(() => {
  const page = JSON.parse(document.getElementById("page-data").textContent);
  const MODEL_COLOURS = ["#2288cf", "#e0701f", "#13b088", "#d98fb8", "#eeb02e", "#7cc6ef", "#a088c9"];
  const ABSENT = -32768;
  const MOST_VIEWS = 6; /* Browsers allow some 16 WebGL contexts a page. */
  const FARTHEST = 10; /* Darkest colour of distances, angstrom. */
  const live = [];

  const nativeColour = () =>
    matchMedia("(prefers-color-scheme: dark)").matches ? "#a9b4c0" : "#a3adb8";
  const modelColour = (rank) => MODEL_COLOURS[(rank - 1) % MODEL_COLOURS.length];

  function viridis(share) {
    const last = page.viridis.length - 1;
    return page.viridis[Math.round(Math.min(1, Math.max(0, share)) * last)];
  }

  /* Coordinates as int16 steps, in slots of the base's atom names, to PDB text. */
  function pdbText(data, packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const rows = [];
    let serial = 0;
    for (let residue = 0; residue < data.sequence.length; residue += 1) {
      const base = data.sequence[residue];
      const names = page.slots[base];
      for (let slot = 0; slot < names.length; slot += 1) {
        const at = (residue * names.length + slot) * 6;
        const steps = [0, 2, 4].map((k) => view.getInt16(at + k, true));
        if (!names[slot] || steps[0] === ABSENT) continue;
        serial += 1;
        const xyz = steps.map((step) => (step * data.step).toFixed(3).padStart(8)).join("");
        rows.push(
          `ATOM  ${String(serial % 100000).padStart(5)}  ${names[slot].padEnd(3)} ${base.padStart(3)}`
          + ` A${String((residue + 1) % 10000).padStart(4)}    ${xyz}  1.00  0.00          `
          + ` ${names[slot][0]}`);
      }
    }
    return rows.join("\n");
  }

  class TargetView {
    constructor(article) {
      this.article = article;
      this.data = JSON.parse(document.getElementById(`${article.id}-data`).textContent);
      this.canvas = article.querySelector(".canvas");
      this.box = article.querySelector(".viewer");
      this.viewer = null;
      this.residue = null;
      this.orientation = null;
      this.listen();
      this.focusOn(this.focus);
    }

    get focus() { return Number(this.article.querySelector(".models input:checked").value); }
    get model() { return this.data.models.find((model) => model.rank === this.focus); }
    checked(name) {
      const input = this.article.querySelector(`.shown [name=${name}]`);
      return Boolean(input && input.checked);
    }

    listen() {
      const { article, canvas, box } = this;
      article.querySelector(".controls").addEventListener("change", () => this.focusOn(this.focus));
      article.querySelector(".reset").addEventListener("click", () => {
        if (this.viewer) this.home();
      });
      article.addEventListener("residue", (event) => this.pick(event.detail));
      for (const letter of article.querySelectorAll("[data-i]")) {
        letter.addEventListener("pointerenter", () => this.pick(Number(letter.dataset.i)));
        letter.addEventListener("pointerleave", () => this.pick(null));
      }
      /* The page scrolls over a view until it is clicked. */
      const wake = () => box.classList.add("live");
      const sleep = () => box.classList.remove("live");
      const guard = (event) => { if (!box.classList.contains("live")) event.stopPropagation(); };
      canvas.addEventListener("wheel", guard, { capture: true, passive: true });
      canvas.addEventListener("touchstart", guard, { capture: true, passive: true });
      canvas.addEventListener("touchmove", guard, { capture: true, passive: true });
      canvas.addEventListener("click", wake);
      canvas.addEventListener("mousedown", wake);
      box.addEventListener("mouseleave", sleep);
      document.addEventListener("touchstart", (event) => {
        if (!box.contains(event.target)) sleep();
      }, { passive: true });
      canvas.addEventListener("keydown", (event) => this.key(event));
      this.aligned();
    }

    key(event) {
      const turns = { ArrowLeft: [-10, "y"], ArrowRight: [10, "y"], ArrowUp: [-10, "x"], ArrowDown: [10, "x"] };
      if (!this.viewer) return;
      if (turns[event.key]) this.viewer.rotate(...turns[event.key]);
      else if (event.key === "+" || event.key === "=") this.viewer.zoom(1.15);
      else if (event.key === "-") this.viewer.zoom(1 / 1.15);
      else return;
      event.preventDefault();
      this.viewer.render();
    }

    focusOn(rank) {
      this.article.dataset.focus = rank;
      for (const part of this.article.querySelectorAll("[data-model]")) {
        part.classList.toggle("off", part.dataset.model !== String(rank));
      }
      this.draw();
    }

    /* Called when the view comes near the window: contexts are few, so the oldest view gives way. */
    open() {
      const place = live.indexOf(this);
      if (place >= 0) live.splice(place, 1);
      live.push(this);
      if (this.viewer) return;
      while (live.length > MOST_VIEWS) live.shift().close();
      try {
        this.viewer = window["3Dmol"].createViewer(this.canvas, { backgroundAlpha: 0, antialias: true });
      } catch (error) {
        this.viewer = null;
      }
      if (!this.viewer) {
        const text = document.createElement("p");
        text.className = "failed";
        text.textContent = "The 3D view needs WebGL, which this browser does not offer.";
        this.canvas.replaceChildren(text);
        return;
      }
      const add = (packed) => this.viewer.addModel(pdbText(this.data, packed), "pdb");
      this.native = this.data.native ? add(this.data.native) : null;
      this.models = this.data.models.map((model) => add(model.coords));
      this.draw();
      if (this.orientation) this.viewer.setView(this.orientation); else this.home();
      this.viewer.render();
      this.box.dataset.drawn = "true";
    }

    home() {
      this.viewer.zoomTo();
      this.viewer.zoom(1.28);
      this.viewer.render();
    }

    close() {
      if (!this.viewer) return;
      this.orientation = this.viewer.getView();
      const context = this.canvas.querySelector("canvas").getContext("webgl2")
        || this.canvas.querySelector("canvas").getContext("webgl");
      this.viewer.clear();
      if (context) context.getExtension("WEBGL_lose_context")?.loseContext();
      this.canvas.replaceChildren();
      this.viewer = null;
      delete this.box.dataset.drawn;
    }

    shade(model) {
      const mode = this.article.querySelector("[name=colour]").value;
      const plain = modelColour(model.rank);
      const scale = { plddt: (v) => v / 100, lddt: (v) => v, distance: (v) => 1 - v / FARTHEST }[mode];
      if (!scale) return () => plain;
      const values = model[mode];
      return (atom) => {
        const value = values[atom.resi - 1];
        return value === null ? nativeColour() : viridis(scale(value));
      };
    }

    draw() {
      this.drawKey();
      if (!this.viewer) return;
      const sticks = this.checked("sticks");
      const dress = (model, colour, thick) => {
        const style = { cartoon: { colorfunc: colour, thickness: thick } };
        if (sticks) style.stick = { colorfunc: colour, radius: 0.13 };
        model.setStyle({}, style);
        model.show();
      };
      this.viewer.removeAllShapes();
      if (this.native) {
        if (this.checked("native")) dress(this.native, nativeColour, 0.45); else this.native.hide();
      }
      this.data.models.forEach((model, k) => {
        if (model.rank === this.focus || this.checked("all")) dress(this.models[k], this.shade(model), 0.55);
        else this.models[k].hide();
      });
      this.mark();
      this.viewer.render();
    }

    drawKey() {
      const key = this.article.querySelector(".key");
      const mode = this.article.querySelector("[name=colour]").value;
      const parts = [];
      const entry = (text, colour) => {
        const span = document.createElement("span");
        const patch = document.createElement("b");
        patch.style.background = colour;
        span.append(patch, text);
        return span;
      };
      if (this.data.native && this.checked("native")) parts.push(entry("native", nativeColour()));
      if (mode === "chain") {
        const shown = this.checked("all") ? this.data.models : [this.model];
        parts.push(...shown.map((model) => entry(`model ${model.rank}`, modelColour(model.rank))));
      } else {
        const ends = { plddt: ["0", "100 pLDDT"], lddt: ["0", "1 lDDT"], distance: [`${FARTHEST} Å or more`, "0 Å"] }[mode];
        const span = document.createElement("span");
        span.append(ends[0], document.createElement("i"), ends[1]);
        parts.push(span);
      }
      key.replaceChildren(...parts);
    }

    /* The residue under the pointer, in every drawing of the target. */
    pick(index) {
      if (index === this.residue) return;
      this.residue = index;
      for (const letter of this.article.querySelectorAll("[data-i]")) {
        letter.classList.toggle("hit", Number(letter.dataset.i) === index);
      }
      const text = this.article.querySelector(".picked");
      if (index === null) {
        text.textContent = "";
      } else {
        const { plddt, lddt, distance } = this.model;
        const parts = [`${this.data.sequence[index]}${index + 1}`, `pLDDT ${plddt[index] ?? "–"}`];
        if (this.data.native) {
          parts.push(`lDDT ${lddt[index] ?? "–"}`, `${distance[index] ?? "–"} Å from the native`);
        }
        text.textContent = parts.join("\n");
      }
      if (this.viewer) { this.viewer.removeAllShapes(); this.mark(); this.viewer.render(); }
    }

    mark() {
      if (this.residue === null) return;
      const focus = this.models[this.data.models.indexOf(this.model)];
      const shown = this.native && this.checked("native") ? [focus, this.native] : [focus];
      for (const model of shown) {
        const atom = model.selectedAtoms({ resi: this.residue + 1, atom: "C1'" })[0];
        if (atom) this.viewer.addSphere({ center: { x: atom.x, y: atom.y, z: atom.z }, radius: 1.8, color: "#ff4fa3", opacity: 0.9 });
      }
    }

    /* Aligned errors: the value under the pointer, read back from the picture's colours. */
    aligned() {
      const pictures = [...this.article.querySelectorAll("image.pixels")];
      if (!pictures.length) return;
      const code = new Map([...page.viridis].reverse().map((colour, k) => [colour, k]));
      const grids = new Map();
      const read = (picture) => {
        const image = new Image();
        image.onload = () => {
          const canvas = document.createElement("canvas");
          canvas.width = image.width;
          canvas.height = image.height;
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          grids.set(picture, { n: image.width, rgba: context.getImageData(0, 0, image.width, image.height).data });
        };
        image.src = picture.getAttribute("href");
      };
      const svg = pictures[0].ownerSVGElement;
      svg.addEventListener("pointermove", (event) => {
        const picture = pictures.find((one) => !one.parentNode.classList.contains("off"));
        if (!grids.has(picture)) { grids.set(picture, null); read(picture); }
        const grid = grids.get(picture);
        const frame = picture.getBoundingClientRect();
        const [x, y] = [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
        if (!grid || x < 0 || y < 0 || x >= 1 || y >= 1) { this.pick(null); window.reportTip.hide(); return; }
        const [j, i] = [Math.floor(x * grid.n), Math.floor(y * grid.n)];
        const hex = [0, 1, 2].map((k) => grid.rgba[(i * grid.n + j) * 4 + k].toString(16).padStart(2, "0"));
        const index = code.get(`#${hex.join("")}`);
        const value = index === undefined ? "–" : ((index / 255) * 30).toFixed(1);
        window.reportTip.show(event, [
          window.reportTip.line(`${this.data.sequence[i]}${i + 1} to ${this.data.sequence[j]}${j + 1}`),
          window.reportTip.line(`${index === 255 ? "30 Å or more" : `${value} Å`}`),
        ]);
        this.pick(j);
      });
      svg.addEventListener("pointerleave", () => { this.pick(null); window.reportTip.hide(); });
    }
  }

  const views = new Map();
  for (const anchor of page.views) {
    const article = document.getElementById(anchor);
    views.set(article, new TargetView(article));
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) views.get(entry.target.closest(".target")).open();
  }, { rootMargin: "300px 0px" });
  views.forEach((_, article) => watcher.observe(article.querySelector(".viewer")));
  window.addEventListener("beforeprint", () => {
    [...views.values()].slice(0, MOST_VIEWS).forEach((view) => view.open());
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    views.forEach((view) => view.draw());
  });
})();
