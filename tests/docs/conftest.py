import sys
from pathlib import Path

# The tools of the documentation are no part of the package; they lie beside the pages.
sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "tools"))
