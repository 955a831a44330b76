"""`python -m artifact.build_report [--results FOLDER] [--out FILE]`: run the notebook `report.py`, write one HTML page."""

import os
import sys
import tempfile
import warnings
from pathlib import Path

from artifact.command import maker
from experiments.harness import record, schema, tables
from experiments.harness.provenance import ROOT

NOTEBOOK = Path(__file__).with_name("report.py")
STYLE = Path(__file__).with_name("report.css")
# a page of its own, because nbconvert's loads scripts from the network
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Differentiable Computers: report</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def build(results: Path, out: Path) -> None:
    """Write the report as HTML. Raises UserError where an experiment is missing or a table damaged."""
    found = tables.at(results)
    for experiment in found.experiments() or schema.experiments():  # where there is nothing, the first one says so
        found.provenance(experiment)
        tables.check(results / experiment)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # deprecations inside the notebook tools, of no use to a reader of the report
        import jupytext
        from nbconvert import HTMLExporter
        from nbconvert.preprocessors import ExecutePreprocessor
        from traitlets.config import Config

        os.environ["REPORT_RESULTS"], os.environ["REPORT_FIGURES"] = str(results.resolve()), folder
        notebook = jupytext.read(NOTEBOOK)
        # no port that others on the machine could reach, and no file in the folder from which this is called
        sockets = Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})
        runner = ExecutePreprocessor(config=sockets, timeout=600, kernel_name="python3")
        runner.preprocess(notebook, {"metadata": {"path": str(ROOT)}})
        body, _ = HTMLExporter(template_name="basic", exclude_input=True).from_notebook_node(notebook)
    record.write_files(out.parent, {out.name: PAGE.format(style=STYLE.read_text(encoding="utf-8"), body=body)})


main = maker("artifact.build_report", "Build the HTML report from results.", "report.html", build)


if __name__ == "__main__":
    sys.exit(main())
