"""An ELF file with other instructions: in place, since rewritten code lies where the code lay."""

import io
from pathlib import Path

from elftools.elf.elffile import ELFFile

from backends.core.isa import extension_file
from backends.interface import UserError
from experiments.isa_discovery.layout import Layout


def rewritten(data: bytes, layout: Layout) -> bytes:
    """The bytes of the ELF file `data` with the layout's program in its loadable segments."""
    program, out = layout.program(), bytearray(data)
    for segment in ELFFile(io.BytesIO(data)).iter_segments():
        header = segment.header
        if header.p_type == "PT_LOAD" and header.p_filesz:
            start = header.p_vaddr - program.base
            out[header.p_offset : header.p_offset + header.p_filesz] = program.image[start : start + header.p_filesz].tobytes()
    return bytes(out)


def write(folder: Path, source: Path, data: bytes, layout: Layout) -> None:
    """Write `<name>.elf` into the folder, which is made, and `operations.json`, what the file needs. Raises UserError rather
    than write over the source."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.stem}.elf"
    if target.exists() and target.samefile(source):
        raise UserError(f"{target} is the program itself: give --write another folder")
    target.write_bytes(rewritten(data, layout))
    (folder / "operations.json").write_text(extension_file.text(layout.isa.extensions), encoding="utf-8")
