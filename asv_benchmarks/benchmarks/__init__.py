"""airspeed-velocity benchmarks. What they iterate over comes from the registry of methods.

Each file must import on older commits: what they do not have is looked for in `setup`, which raises
`NotImplementedError` where it is missing, and asv shows ``n/a``.
"""

import sys
from pathlib import Path

# asv installs nadamkit from the commit that it measures; the commands beside this folder are those
# of the checkout. At the end of the path, so that nadamkit itself is found where it is installed.
sys.path.append(str(Path(__file__).parents[2]))
