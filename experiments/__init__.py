"""Experiments: `python -m experiments experiment=NAME scale=smoke|quick|full`.

An experiment is a folder here with `run.py` and a file `conf/experiment/NAME.yaml`. `run.py` has one function,
`run(cfg) -> dict[str, DataFrame]`; the science lies in modules beside it. What `cfg` holds:

- `cfg.experiment`: the settings of `conf/experiment/NAME.yaml`
- `cfg.scale`: "smoke", "quick" or "full"
- `cfg.backends`: names of the machines; `cfg.device`: "cpu" or "cuda"
- `cfg.seed`: an integer; `cfg.parts`, `cfg.workers`: for `experiments.harness.parts.run_parts`

It returns tables; it writes nothing. `record.py` writes.
"""
