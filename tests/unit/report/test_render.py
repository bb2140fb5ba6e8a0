"""The page as a whole: its sections, its numbers, what is missing, and hostile names."""

import importlib.util
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from rna_predict.errors import InputError
from rna_predict.report.format import DASH, number
from rna_predict.report.render import build_report

SECTIONS = (
    "summary", "targets", "training", "data", "splits", "angles", "times", "settings", "glossary",
)  # fmt: skip
OPTIONAL = {
    "manifests": (), "probabilities": None, "weights": None, "benchmarks_dir": None,
    "pairs": None, "structures": None, "funnel": None, "notes": None, "geometry": None,
    "angle_check": None, "nearest": None, "split_summary": None, "split_comparison": None,
}  # fmt: skip
HOSTILE = "<script>alert(1)<"


class Page(HTMLParser):
    """What a test wants to know of a page: ids, text, tables, scripts, links to elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.text, self.tables, self.scripts, self.outside = [], [], {}, [], []
        self.headings, self.figures, self.captions = [], 0, 0
        self._inside, self._rows = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        for key in ("src", "href", "xlink:href"):
            if not attributes.get(key, "#").startswith(("#", "data:")):
                self.outside.append(attributes[key])
        self.figures += tag == "figure"
        self.captions += tag == "figcaption"
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "script":
            self.scripts.append({"type": attributes.get("type"), "text": "", **attributes})
        if tag == "div" and attributes.get("role") == "region":
            self._rows = self.tables.setdefault(attributes["aria-label"], [])
        if tag == "tr" and self._rows is not None:
            self._rows.append([])
        if tag in {"td", "th"}:
            self._rows[-1].append("")
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" in self._inside:
            self.scripts[-1]["text"] += data
            return
        self.text.append(data)
        if {"td", "th"} & set(self._inside):
            self._rows[-1][-1] += data

    def column(self, table, name):
        head, *rows = self.tables[table]
        place = [text.strip().replace("\N{NON-BREAKING HYPHEN}", "-") for text in head].index(name)
        return [row[place].strip() for row in rows]


def read_page(inputs, folder):
    build_report(inputs, folder / "index.html")
    text = (folder / "index.html").read_text(encoding="utf-8")
    return text, Page(text)


@pytest.fixture(scope="module")
def built(run_inputs, tmp_path_factory):
    return read_page(run_inputs, tmp_path_factory.mktemp("page"))


def test_the_page_has_every_section_and_every_target(built, run_inputs):
    _, page = built
    assert set(SECTIONS) <= set(page.ids)
    assert {f"target-{k}" for k in (1, 2, 3)} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for name in run_inputs.targets:
        assert name in page.text


def test_nothing_is_loaded_from_elsewhere(built):
    text, page = built
    assert page.outside == []
    assert "connect-src" not in text and "default-src 'none'" in text.replace("&#39;", "'")


def test_the_page_is_light(built):
    text, _ = built
    assert len(text.encode()) < 3e6


def test_every_figure_has_a_caption_and_headings_go_down_one_by_one(built):
    _, page = built
    assert page.figures == page.captions > 10
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(page.headings[:-1], page.headings[1:], strict=True))


def test_the_models_of_a_target_have_the_numbers_of_their_tables(built, run_inputs):
    _, page = built
    for name in run_inputs.targets:
        scores = pd.read_table(run_inputs.scores_dir / f"{name}.tsv")
        ranking = pd.read_table(run_inputs.ranked_dir / name / "ranking.tsv")
        table = f"Models of {name}"
        for key, head, digits in (
            ("tm_score", "TM-score", 3), ("lddt", "lDDT", 3), ("rmsd", "RMSD Å", 2),
            ("gdt_ts", "GDT-TS", 3), ("clashes", "Clashes /1,000", 1),
        ):  # fmt: skip
            assert page.column(table, head) == [number(v, digits) for v in scores[key]]
        assert page.column(table, "pTM") == [number(v, 3) for v in ranking["ptm"]]
        assert page.column(table, "Sample") == [str(v) for v in ranking["source_model"]]


def test_the_summary_has_the_best_of_each_target(built, run_inputs):
    _, page = built
    tables = [pd.read_table(run_inputs.scores_dir / f"{name}.tsv") for name in run_inputs.targets]
    best = [table["tm_score"].max() for table in tables]
    assert page.column("Targets", "Best TM-score") == [number(v, 3) for v in best]
    assert page.column("Targets", "Best RMSD Å") == [number(t["rmsd"].min(), 2) for t in tables]
    assert number(np.mean(best), 3) in page.text


def test_minimisation_is_shown_before_and_after(built, run_inputs):
    _, page = built
    energies = pd.read_table(run_inputs.refined_dir / "1y26_X/energies.tsv")
    table = "Minimisation of 1y26_X"
    assert page.column(table, "Energy before kJ/mol") == [
        number(v, 0) for v in energies["energy_before"]
    ]
    after = page.column(table, "Energy after kJ/mol")
    assert after == [number(v, 0) for v in energies["energy_after"]] and after[3] == DASH
    assert page.column(table, "Result") == ["minimised"] * 3 + ["input kept", "minimised"]


def test_splits_and_rejects_are_counted(built, run_inputs):
    _, page = built
    splits = pd.read_table(run_inputs.splits)
    counts = splits["split"].value_counts()
    assert page.column("Splits", "Chains")[:3] == [
        str(counts[side]) for side in ("train", "validation", "test")
    ]
    assert page.column("All rejects", "Chain") == [DASH, "Q", "NA", "B"]
    assert any("No leak found" in text for text in page.text)


def test_run_versions_seed_and_settings_are_told(built):
    _, page = built
    words = " ".join(page.text)
    for fact in ("2026-03-04 05:06 UTC", "family_evalue", "phases.pretrain.losses.diffusion"):
        assert fact in words
    assert "7" in page.text and "torch" in page.text


def test_the_page_says_what_kind_of_weights_these_are(built):
    words = " ".join(" ".join(built[1].text).split())
    assert "a network of 12,400 parameters trained in this run (example) for 800 steps" in words
    assert "So few chains cannot teach how RNA folds" in words
    assert "step 200 of phase confidence, with a validation lDDT of 0.550" in words


def test_predictions_of_other_weights_are_noticed(small_run, tmp_path):
    path = small_run.predictions_dir / "1a9n_R/confidence.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "0" * 64}))
    text, _ = read_page(small_run, tmp_path / "page")
    assert "The predictions were made with other weights" in text


def test_undefined_numbers_are_dashes_and_nan_is_nowhere(built):
    _, page = built
    words = " ".join(page.text).split()
    assert not {"nan", "NaN", "None", "inf", "undefined"} & set(words)
    for script in page.scripts:
        if script["type"] == "application/json":
            json.loads(script["text"], parse_constant=pytest.fail)


def test_a_target_without_a_native_and_without_scores_is_shown(small_run, tmp_path):
    (small_run.natives_dir / "1a9n_R.cif").unlink()
    for path in small_run.scores_dir.iterdir():
        path.unlink()
    _, page = read_page(small_run, tmp_path / "page")
    assert page.column("Models of 1a9n_R", "TM-score") == [DASH] * 5
    assert page.column("Targets", "Best lDDT") == [DASH]
    assert any("No experimental structure" in text for text in page.text)


def test_a_model_that_could_not_be_scored_says_why(small_run, tmp_path):
    path = small_run.scores_dir / "1a9n_R.tsv"
    table = pd.read_table(path)
    table.loc[1, ["tm_score", "lddt", "rmsd"]] = np.nan
    table["error"] = table["error"].astype(object)
    table.loc[1, "error"] = "nothing in common"
    table.to_csv(path, sep="\t", index=False)
    _, page = read_page(small_run, tmp_path / "page")
    assert page.column("Models of 1a9n_R", "TM-score")[1] == DASH
    assert any("Model 2 was not scored: nothing in common" in text for text in page.text)


def test_a_leak_is_told_at_the_top(small_run, tmp_path):
    pd.DataFrame(
        [("family", "1ehz_A", "1a9n_R", "RF00005", "both")],
        columns=["kind", "train_chain", "test_chain", "value", "detail"],
    ).to_csv(small_run.leakage, sep="\t", index=False)
    text, page = read_page(small_run, tmp_path / "page")
    assert page.column("Leaks", "Training chain") == ["1ehz_A"]
    assert "Training and evaluation are not independent" in text
    assert "No leak found" not in text


def test_hostile_names_are_text_and_never_markup(small_run, tmp_path):
    for folder in (small_run.predictions_dir, small_run.refined_dir, small_run.ranked_dir):
        shutil.copytree(folder / "1a9n_R", folder / HOSTILE)
    shutil.copy(small_run.natives_dir / "1a9n_R.cif", small_run.natives_dir / f"{HOSTILE}.cif")
    for ending in (".tsv", ".residues.tsv"):
        folder = small_run.scores_dir
        shutil.copy(folder / f"1a9n_R{ending}", folder / f"{HOSTILE}{ending}")
    rejected = pd.read_table(small_run.rejected, keep_default_na=False)
    rejected["detail"] = "</script><img src=x onerror=alert(1)>"
    rejected.to_csv(small_run.rejected, sep="\t", index=False)
    config = dict(small_run.config) | {"report": {"title": "</title><script>alert(1)</script>"}}
    inputs = replace(small_run, targets=(HOSTILE,), config=config, run="<b>")
    text, page = read_page(inputs, tmp_path / "page")
    assert HOSTILE in page.text
    scripts = [script for script in page.scripts if script["type"] != "application/json"]
    assert len(scripts) == 3 and not any("alert(1)" in script["text"] for script in scripts)
    assert "<img" not in text and "<b>" not in text.replace("<b></b>", "")
    data = next(s for s in page.scripts if s.get("id") == "target-1-data")
    assert json.loads(data["text"])["name"] == HOSTILE
    assert "</script" not in data["text"]


def test_coordinates_in_the_page_are_those_of_the_files(built, run_inputs):
    import base64

    from rna_predict.report.targets import read_target

    script = next(s for s in built[1].scripts if s.get("id") == "target-2-data")
    data = json.loads(script["text"])
    target = read_target(run_inputs, "1xjr_A")
    chains = [target.native, *(model.chain for model in target.models)]
    centre = np.concatenate([chain.coords[chain.atom_mask] for chain in chains]).mean(axis=0)
    packed = [data["native"], *(model["coords"] for model in data["models"])]
    for text, chain in zip(packed, chains, strict=True):
        steps = np.frombuffer(base64.b64decode(text), "<i2").reshape(chain.coords.shape)
        np.testing.assert_array_equal(steps[..., 0] != -32768, chain.atom_mask)
        shown = steps[chain.atom_mask] * data["step"] + centre
        np.testing.assert_allclose(shown, chain.coords[chain.atom_mask], atol=0.006)


def test_the_page_is_the_same_twice(small_run, tmp_path):
    assert read_page(small_run, tmp_path / "a")[0] == read_page(small_run, tmp_path / "b")[0]


def test_a_failed_build_leaves_the_old_page(small_run, tmp_path):
    page = tmp_path / "page" / "index.html"
    build_report(small_run, page)
    before = page.read_bytes()
    small_run.splits.unlink()
    with pytest.raises(InputError, match=r"splits\.tsv: no such file; expected the split"):
        build_report(small_run, page)
    assert page.read_bytes() == before
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_the_script_builds_the_same_page_as_the_function(root, small_run, tmp_path, built):
    spec = importlib.util.spec_from_file_location("build", root / "scripts/build_report.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    options = {
        "run": small_run.run, "config": json.dumps(small_run.config), "chains": small_run.chains,
        "rejected": small_run.rejected, "angles": small_run.angles,
        "families": small_run.families, "clusters": small_run.clusters,
        "splits": small_run.splits, "leakage": small_run.leakage,
        "augmentation": small_run.augmentation, "metrics": small_run.metrics,
        "model-config": small_run.model, "targets": small_run.targets[0],
        "natives-dir": small_run.natives_dir, "predictions-dir": small_run.predictions_dir,
        "refined-dir": small_run.refined_dir, "ranked-dir": small_run.ranked_dir,
        "scores-dir": small_run.scores_dir, "benchmarks-dir": small_run.benchmarks_dir,
        "manifests": small_run.manifests[0], "probabilities": small_run.probabilities,
        "pairs": small_run.pairs, "structures": small_run.structures, "funnel": small_run.funnel,
        "notes": small_run.notes, "geometry": small_run.geometry,
        "angle-check": small_run.angle_check, "nearest": small_run.nearest,
        "split-summary": small_run.split_summary,
        "split-comparison": small_run.split_comparison,
        "weights": small_run.weights, "out": tmp_path / "page/index.html",
    }  # fmt: skip
    script.main([word for key, value in options.items() for word in (f"--{key}", str(value))])
    ours, _ = read_page(small_run, tmp_path / "ours")
    theirs = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    date = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
    assert date.sub("", theirs) == date.sub("", ours)


def test_a_run_without_targets_or_optional_tables_still_has_its_page(small_run, tmp_path):
    text, page = read_page(replace(small_run, targets=(), **OPTIONAL), tmp_path / "page")
    assert set(SECTIONS) <= set(page.ids)
    assert "No times were recorded" in text and "What came in" not in text
    words = " ".join(" ".join(page.text).split())
    assert (
        "This run has no table of: the funnel from list to store; notes on kept chains; "
        "base pairs from sequence against those of the structures." in words
    )
    assert (
        "no table of: bond lengths and bond angles; stored angles against angles measured again."
        in words
    )


def test_what_the_checks_found_is_shown(built, run_inputs):
    _, page = built
    funnel = pd.read_table(run_inputs.funnel)
    steps = "From list to store, step by step"
    assert page.column(steps, "Chains") == [str(v) for v in funnel["chains_out"]]
    assert page.column(steps, "Removed residues nt")[3:5] == ["7", "40"]
    assert page.column("Notes on kept chains", "Note") == ["unknown residues", "facts differ"]
    folding = "Base pairs from sequence against the structures"
    ppv = page.column(folding, "PPV")
    assert float(ppv[0]) < float(ppv[2]) < 1 and ppv[3:] == ["1.000"] * 2
    assert page.column(folding, "Sensitivity")[3:] == ["1.000"] * 2
    assert page.column("Angles in numbers", "Check °")[0].startswith("4.0e")
    assert page.column("This split and a random one", "What")[0] == "leaks: all"
    assert page.column("This split and a random one", "Random") == ["12", "0.667"]
    assert page.column("Splits", "Wanted %") == ["70.0", "15.0", "15.0", DASH]
    assert page.column("Splits", "Split")[-1] == "Held out at E <= 0.001"
    nearest = page.column("Nearest training chains of each test chain", "TM-score")
    assert nearest == ["0.310", "0.280", DASH]
    assert any("3\N{NO-BREAK SPACE}test chains" in text and "0.48" in text for text in page.text)
    assert page.column("Augmentation", "Dropped") == ["0", "1", "0"]
    assert page.column("Augmentation", "Note")[2] == "no homologs"
    assert "Bond lengths by sugar pucker" in page.text


def test_empty_checks_are_a_sentence_and_no_empty_plot(small_run, tmp_path):
    for path in (small_run.geometry, small_run.notes):
        pd.read_table(path).head(0).to_csv(path, sep="\t", index=False)
    text, page = read_page(small_run, tmp_path / "page")
    assert "No chain has a resolution that is known and good enough" in text
    assert "Bond lengths by sugar pucker" not in page.text
    assert "No kept chain has an unknown residue" in text
