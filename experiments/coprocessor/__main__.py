"""`python -m experiments.coprocessor train --model FOLDER --out FOLDER`, `evaluate`, `export`, and `base`."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backends.core.errors import exit_code
from backends.interface import UserError

EXAMPLE = """example:
  python -m experiments.coprocessor export own
  python -m experiments.coprocessor train --model own --out own-with-alu --steps 200
  python -m experiments.coprocessor evaluate --model own-with-alu

A model is a folder as save_pretrained leaves it, of GPT-2, Llama, Qwen or their like, whose tokenizer has a token for each
digit. Nothing is fetched. In a program of your own:

  from experiments.coprocessor.injection import inject
  injection = inject(model, tokenizer)           # untrained; model.generate goes on as ever, injection.remove() takes it out

transformers is an extra: pip install transformers

exit code: 0 done, 2 misuse."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m experiments.coprocessor", description=__doc__, epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("train", help="put a pointer ALU into a local model and train it")
    one.add_argument("--model", required=True, type=Path, metavar="FOLDER", help="the model and its tokenizer")
    one.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the trained model goes")
    one.add_argument("--arm", default="pointer", metavar="ARM", help="of the experiment's arms, with a pointer (pointer)")
    one.add_argument("--steps", type=int, default=400, metavar="N", help="of training, at most (default: 400)")
    one.add_argument("--seed", type=int, default=0, help="of training (default: 0)")
    one.set_defaults(handler=_train)
    two = commands.add_parser("evaluate", help="answers of a trained model, by operation and length")
    two.add_argument("--model", required=True, type=Path, metavar="FOLDER", help="as train leaves it")
    two.add_argument("--problems", type=int, default=100, metavar="N", help="of each operation and length (default: 100)")
    two.add_argument("--without", action="store_true", help="of the model without its coprocessor")
    two.set_defaults(handler=_evaluate)
    three = commands.add_parser("export", help="the suite's own small model as a GPT-2")
    three.add_argument("out", type=Path, metavar="FOLDER")
    three.set_defaults(handler=_export)
    commands.add_parser("base", help="train the suite's own small model anew").set_defaults(handler=_base)
    return top


def _train(options: argparse.Namespace) -> int:
    from experiments.coprocessor import hugging_face, injection, training
    from experiments.coprocessor.arms import ARMS

    known = {a.name: a for a in ARMS.values() if a.mechanism == "pointer" and a.output == "mixture" and a.alu != "random"}
    if options.arm not in known:
        raise UserError(f"no arm with a pointer alone is called '{options.arm}': one of {', '.join(known)}")
    arm = known[options.arm]
    least = 2 * training.Schedule.window
    if options.steps < least:
        raise UserError(f"--steps {options.steps}: give {least} or more")
    if options.seed < 0:
        raise UserError(f"--seed {options.seed}: give 0 or more")
    model, tokenizer = hugging_face.load(options.model)
    adapted, tokens = hugging_face.Adapted(model), hugging_face.Tokens(tokenizer)
    schedule = training.Schedule(options.steps)
    try:
        with _bar(options.steps * arm.factor) as on_step:
            trained = training.train(arm, adapted, options.seed, schedule, tokens, on_step)
    except training.Diverged as stopped:
        raise UserError(f"{stopped}: lower the learning rate, or train from another seed") from None
    injection.save(trained.system, tokenizer, options.out)
    print(f"{options.out}: {len(trained.losses)} steps, ended by {trained.ended}, loss {trained.losses[-1]:.4f} nats a symbol")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from rich.table import Table

    from backends.core.screen import Screen
    from experiments.coprocessor import alu, evaluation, hugging_face, injection, tasks
    from experiments.coprocessor.arms import ARMS

    if options.problems < 1:
        raise UserError(f"--problems {options.problems}: give 1 or more")
    model, tokenizer = hugging_face.load(options.model)
    system = injection.system(model, tokenizer, ARMS["untouched"] if options.without else injection.arm(options.model))
    if not options.without:
        system.pointer = injection.load(options.model, system.base.size.width)
    system.eval()
    operate, lengths = alu.Networks(), (1, 3, tasks.LONGEST_TRAINED, tasks.LONGEST)
    table = Table("operation", *(f"{length} digits" for length in lengths))
    for operation in tasks.OPERATIONS:
        sets = [tasks.problems_of_test(operation, length, options.problems, 0) for length in lengths]
        right = [int(evaluation.outcomes(system, some, evaluation.exact(operate)).right.sum()) for some in sets]
        table.add_row(operation, *(f"{n} of {len(some)}" for n, some in zip(right, sets, strict=True)))
    Screen().print(table)
    return 0


def _export(options: argparse.Namespace) -> int:
    from experiments.coprocessor import hugging_face, training

    hugging_face.needed()
    hugging_face.exported(training.load()).save_pretrained(options.out)
    hugging_face.tokenizer().save_pretrained(options.out)
    print(f"{options.out}: the suite's own model as a GPT-2, with a tokenizer of characters")
    return 0


def _base(options: argparse.Namespace) -> int:
    from experiments.coprocessor import evidence, training
    from experiments.coprocessor.transformer import Size

    steps = evidence.BASE_STEPS[Size().width]
    with _bar(steps) as on_step:
        training.save(training.base(Size(), 0, steps, on_step), training.BASE)
    print(f"{training.BASE}: trained")
    return 0


@contextmanager
def _bar(steps: int) -> Iterator[Callable[[int], None]]:
    """A bar on the screen; gives a function that is called with each step."""
    from experiments.harness import progress

    with progress.bar() as bar:
        task = bar.add_task("training", total=steps)
        yield lambda step: bar.update(task, completed=step + 1)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.handler(options))


if __name__ == "__main__":
    sys.exit(main())
