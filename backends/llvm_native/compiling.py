"""From the text of a module to functions in memory, by LLVM.

The passes are two: variables to registers, and branches that this decides. The code generator does the rest, and with all of
`-O2` before it the code is no faster and takes twice as long to make.
"""

from collections.abc import Sequence
from functools import cache

import llvmlite.binding as llvm


@cache
def _target() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(llvm.get_host_cpu_name(), features, 2, reloc="pic", codemodel="small", jit=True)


@cache
def _compiler() -> llvm.LLJIT:
    """JITLink puts a module's code and its jump tables side by side. LLVM's older linker asks for memory for each alone, and
    ends the process where these come to lie more than 2 GB apart."""
    _target()
    return llvm.create_lljit_compiler(use_jit_link=True)


def object_code(text: str) -> bytes:
    """The module compiled for this processor; it can be put anywhere in memory."""
    machine = _target()
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(2))
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, builder)
    return machine.emit_object(module)


def linked(code: bytes, starts: Sequence[int], name: str) -> llvm.ResourceTracker:
    """The functions of a module in memory: of each unit's start slot s, `u<s>` to its address. They stay while this is held."""
    library = llvm.JITLibraryBuilder().add_object_img(code)
    for start in starts:
        library = library.export_symbol(f"u{start}")
    return library.link(_compiler(), name)
