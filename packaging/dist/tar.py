"""Packs a directory into a tar archive with the same bytes on every machine: tar.py DIRECTORY ARCHIVE.tar.gz

The archive holds files alone. With entries for directories, tar would change the permissions of a ~/.local/share that
exists already. All times are SOURCE_DATE_EPOCH."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path


def pack(directory, output):
    time = int(os.environ["SOURCE_DATE_EPOCH"])
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(path for path in directory.rglob("*") if not path.is_dir()):
            member = tarfile.TarInfo(str(Path(directory.name) / path.relative_to(directory)))
            member.size = path.stat().st_size
            member.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            member.mtime = time
            member.uname = member.gname = "root"
            with path.open("rb") as file:
                archive.addfile(member, file)


def main(directory, archive):
    # gzip(1) instead of Python's zlib, of which there are several with different results.
    with open(archive, "wb") as output, subprocess.Popen(["gzip", "-9n"], stdin=subprocess.PIPE, stdout=output) as gzip:
        pack(Path(directory), gzip.stdin)
        gzip.stdin.close()
        if gzip.wait() != 0:
            return "tar.py: gzip failed"
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
