"""schemas/ is generated; this fails when it is not what the code would generate today."""

from __future__ import annotations

import filecmp
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(fresh: Path, kept: Path = ROOT / "schemas") -> int:
    made = subprocess.run([sys.executable, "-m", "orchestrator.formats.schemas", str(fresh)], check=False)
    if made.returncode:
        return made.returncode
    differences = compare(fresh, kept)
    for difference in differences:
        print(difference)
    return 1 if differences else 0


def compare(fresh: Path, kept: Path) -> list[str]:
    """One line for each file that is missing, left over or out of date."""
    new, old = names(fresh), names(kept)
    changed = [name for name in sorted(new & old) if not filecmp.cmp(fresh / name, kept / name, shallow=False)]
    return (
        [f"schemas/{name}: missing" for name in sorted(new - old)]
        + [f"schemas/{name}: is no longer generated" for name in sorted(old - new)]
        + [f"schemas/{name}: out of date" for name in changed]
    )


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
