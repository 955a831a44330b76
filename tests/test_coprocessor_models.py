"""The coprocessor in models of Hugging Face: logits, caches, reloading, and models and tokenizers that it does not fit."""

import inspect
import subprocess
import sys

import pytest
import torch

from backends.interface import UserError
from experiments.coprocessor import alu, hugging_face, injection, tasks, training
from experiments.coprocessor.__main__ import main
from experiments.coprocessor.arms import ARMS
from experiments.coprocessor.pointer import PointerAlu
from experiments.coprocessor.training import Schedule

transformers = pytest.importorskip("transformers", reason="transformers is an extra: pip install transformers")
CACHE = {"cache", "past_key_values"} & set(inspect.signature(transformers.GPT2LMHeadModel.forward).parameters)
"""What this version calls it."""
PROMPTS = ("12345678+87654321=", "7*8=", "99-100=", "5?7=", "abc 12")


@pytest.fixture(scope="module")
def tokenizer():
    return hugging_face.tokenizer()


def _model(kind: str):
    torch.manual_seed(0)
    small = {"vocab_size": 128, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    more = {
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "bos_token_id": 10,
        "eos_token_id": 10,
        "pad_token_id": 10,
    }
    if kind == "gpt2":
        return hugging_face.exported(training.load())
    made = transformers.LlamaForCausalLM(transformers.LlamaConfig(**small, **more)) if kind == "llama" else None
    return (made or transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**small, **more))).eval()


def _generated(model, tokenizer, prompt: str, cache: bool) -> str:
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    found = model.generate(ids, max_new_tokens=12, do_sample=False, use_cache=cache, pad_token_id=10)
    return tokenizer.decode(found[0, ids.shape[1] :])


def test_the_exported_model_is_the_same_function(tokenizer):
    own, tokens = training.load().eval(), torch.randint(0, 128, (2, 60), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(own(tokens), hugging_face.exported(own)(tokens).logits, rtol=1e-5, atol=1e-5)
    assert tokenizer("12+3=\n")["input_ids"] == [ord(c) for c in "12+3=\n"]


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen"])
def test_a_closed_gate_leaves_every_bit_of_the_logits(tokenizer, kind):
    model, ids = _model(kind), torch.tensor([tokenizer("12+3= and 4*5=")["input_ids"]])
    before = model(ids).logits
    made = injection.inject(model, tokenizer, operate=alu.integers)
    torch.nn.init.constant_(made.pointer.begins.bias, -100.0)
    assert torch.equal(model(ids).logits, before)
    torch.nn.init.constant_(made.pointer.begins.bias, 100.0)
    opened = model(ids).logits
    assert bool(made.written[0]) == (not torch.equal(opened, before))
    made.remove()
    assert torch.equal(model(ids).logits, before)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen"])
def test_generation_with_and_without_the_cache_agrees(tokenizer, kind):
    model = _model(kind)
    made = injection.inject(model, tokenizer, operate=alu.integers)
    with torch.no_grad():
        made.pointer.begins.weight.zero_()
        made.pointer.begins.bias.fill_(100.0)  # the gate opens everywhere, so the ALU writes wherever it can
    for prompt in PROMPTS:
        assert _generated(model, tokenizer, prompt, True) == _generated(model, tokenizer, prompt, False)


def test_train_save_load_and_generate(tokenizer, tmp_path):
    model = _model("gpt2")
    schedule = Schedule(80, window=20, problems=32, words=0.0, texts=2)
    trained = training.train(ARMS["pointer"], hugging_face.Adapted(model), 7, schedule, hugging_face.Tokens(tokenizer))
    model.eval()
    injection.save(trained.system, tokenizer, tmp_path)
    made = injection.inject(model, tokenizer, trained.system.pointer, alu.integers)
    ids = torch.tensor([tokenizer("31+9=40")["input_ids"]])
    again, its = hugging_face.load(tmp_path)
    injection.inject(again.eval(), its, injection.load(tmp_path, 64), alu.integers)
    assert torch.equal(model(ids).logits, again(ids).logits)
    written = [_generated(again, its, p.prompt, True).split("\n")[0] for p in tasks.problems_of_test("add", 8, 10, 5)]
    assert sum(w == p.answer for w, p in zip(written, tasks.problems_of_test("add", 8, 10, 5), strict=True)) >= 5
    assert made.written is not None


def test_what_does_not_fit_is_refused(tokenizer, tmp_path):
    joined = transformers.PreTrainedTokenizerFast(tokenizer_object=_joining(), eos_token="\n", unk_token="?")
    with pytest.raises(UserError, match="joins digits"):
        injection.inject(_model("llama"), joined)
    with pytest.raises(UserError, match="has no h or layers"):
        hugging_face.Adapted(transformers.BertLMHeadModel(_bert()))
    with pytest.raises(UserError, match=r"config\.json is not there"):
        hugging_face.load(tmp_path)
    model = _model("llama")
    trained = injection.system(model, tokenizer, ARMS["pointer"])
    injection.save(trained, tokenizer, tmp_path / "saved")
    with pytest.raises(UserError, match="of another architecture"):
        injection.load(tmp_path / "saved", 64)
    made = injection.Injection(model, hugging_face.Tokens(tokenizer), PointerAlu(32, tuple(tasks.OPERATIONS)), alu.integers)
    with pytest.raises(UserError, match="different lengths"):
        model(torch.ones(2, 3, dtype=torch.long), attention_mask=torch.tensor([[0, 1, 1], [1, 1, 1]]))
    made.remove()


def _joining():
    from tokenizers import Tokenizer, models

    return Tokenizer(models.WordLevel({"1234=": 0, "?": 1, "\n": 2}, unk_token="?"))


def _bert():
    return transformers.BertConfig(
        vocab_size=128, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, is_decoder=True
    )


def test_commands_refuse_in_one_line(tmp_path, capsys):
    for arguments, named in (
        (["evaluate", "--model", str(tmp_path)], "config.json"),
        (["train", "--model", str(tmp_path), "--out", str(tmp_path / "o"), "--arm", "replica"], "no arm with a pointer alone"),
        (["train", "--model", str(tmp_path), "--out", str(tmp_path / "o"), "--steps", "3"], "--steps 3"),
        (["evaluate", "--model", str(tmp_path), "--problems", "0"], "--problems 0"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert named in error and error.count("\n") == 1


def test_without_transformers_a_command_says_how_to_get_it(tmp_path):
    hidden = "import sys, importlib.util as u; known = u.find_spec"
    hidden += "; u.find_spec = lambda name: None if name == 'transformers' else known(name)"
    code = f"{hidden}; from experiments.coprocessor.__main__ import main; sys.exit(main(['export', 'x']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2 and "pip install transformers" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_models_of_half_precision(tokenizer, dtype):
    model = _model("llama").to(dtype)
    made = injection.inject(model, tokenizer, operate=alu.integers)
    torch.nn.init.constant_(made.pointer.begins.bias, 100.0)
    assert model(torch.tensor([tokenizer("12+3=")["input_ids"]])).logits.dtype == dtype


def test_a_folder_of_half_precision_is_trained_in_full(tokenizer, tmp_path):
    _model("llama").to(torch.bfloat16).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, its = hugging_face.load(tmp_path)
    short = Schedule(3, 1, problems=4, texts=1, length=32)
    trained = training.train(ARMS["pointer"], hugging_face.Adapted(model), 0, short, hugging_face.Tokens(its))
    assert model.dtype == torch.float32 and len(trained.losses) == 3


def test_long_numbers_and_other_caches(tokenizer):
    model = _model("gpt2")
    made = injection.inject(model, tokenizer, operate=alu.integers)
    with pytest.warns(UserWarning, match="more than 9 digits"):
        assert made._tokens_of("multiply", 10**10, 2) == []
    assert made._tokens_of("add", 10**10, 2) == [ord(c) for c in "10000000002\n"]
    first = model(torch.tensor([tokenizer("12*3")["input_ids"]]), use_cache=True)
    model(torch.tensor([tokenizer("12+3")["input_ids"]]), use_cache=True)
    with pytest.raises(UserError, match="one text after another"):
        model(torch.tensor([[61]]), **{name: getattr(first, name) for name in CACHE}, use_cache=True)
    with pytest.raises(UserError, match="inputs_embeds"):
        model(inputs_embeds=torch.zeros(1, 3, 64))


def test_folders_that_are_damaged(tokenizer, tmp_path):
    trained = injection.system(_model("llama"), tokenizer, ARMS["pointer_zero"])
    injection.save(trained, tokenizer, tmp_path)
    assert injection.arm(tmp_path) == ARMS["pointer_zero"]
    (tmp_path / "coprocessor.safetensors").write_bytes(b"x")
    with pytest.raises(UserError, match="is damaged"):
        injection.load(tmp_path, 32)
    (tmp_path / "coprocessor.json").write_text("{")
    with pytest.raises(UserError, match=r"coprocessor\.json"):
        injection.load(tmp_path, 32)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(UserError, match="are not of one model"):
        hugging_face.load(tmp_path)
    with pytest.raises(UserError, match="more than a pointer"):
        injection.save(injection.system(_model("gpt2"), tokenizer, ARMS["pointer_residual"]), tokenizer, tmp_path)
