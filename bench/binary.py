"""What the released binary is: position-independent with all symbols bound and read-only before it starts, and ordered
by a linker script whose names are still those of functions."""

import fnmatch
import re
import struct

# /usr/include/elf.h
ET_DYN, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 3, 2, 3, 0x6474E551, 0x6474E552
DT_FLAGS, DT_FLAGS_1, DF_BIND_NOW, DF_1_NOW, DF_1_PIE, PF_X = 30, 0x6FFFFFFB, 0x8, 0x1, 0x08000000, 0x1


def hardening(path, static=False):
    """What is missing of the hardening that distributions ask for, by the headers of a 64-bit little-endian ELF file. A
    static binary has no dynamic linker, and relocates itself."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return [f"{path} is not a 64-bit little-endian ELF file"]
    (kind,) = struct.unpack_from("<H", data, 16)
    (offset,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = {}
    for number in range(count):
        name, flags, start, _, _, length = struct.unpack_from("<IIQQQQ", data, offset + number * size)
        segments[name] = (flags, start, length)
    flags = {}
    _, start, length = segments.get(PT_DYNAMIC, (0, 0, 0))
    for at in range(start, start + length, 16):
        tag, value = struct.unpack_from("<qQ", data, at)
        flags[tag] = value
    missing = []
    if kind != ET_DYN or (PT_INTERP in segments) == static or not flags.get(DT_FLAGS_1, 0) & DF_1_PIE:
        missing.append("the binary is not position-independent")
    if PT_GNU_RELRO not in segments:
        missing.append("relocations stay writable (no GNU_RELRO)")
    if not (flags.get(DT_FLAGS, 0) & DF_BIND_NOW or flags.get(DT_FLAGS_1, 0) & DF_1_NOW):
        missing.append("symbols are bound lazily (no BIND_NOW)")
    if segments.get(PT_GNU_STACK, (PF_X, 0, 0))[0] & PF_X:
        missing.append("the stack is executable")
    return missing


def section(path, name):
    """The addresses of a section of a 64-bit little-endian ELF file; none without that section."""
    data = path.read_bytes()
    (offset,) = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    headers = [struct.unpack_from("<IIQQQQ", data, offset + number * size) for number in range(count)]
    for start, _, _, address, _, length in headers:
        at = headers[names][4] + start
        if data[at : data.index(b"\0", at)].decode() == name:
            return range(address, address + length)
    return range(0)


def stale(script, link_map):
    """The share of the linker script's names that no function has any more, by the linker's map (GNU ld or lld)."""
    patterns = re.findall(r"^ *\*\(\.text\.(\S+) ", script.read_text(), re.M)
    # GNU ld's map repeats the script.
    sections = {name for name in re.findall(r"\.text\.(?:unlikely\.)?([^\s()]+)", link_map.read_text()) if "*" not in name}
    gone = [pattern for pattern in patterns if not fnmatch.filter(sections, pattern)]
    return len(gone) / len(patterns)
