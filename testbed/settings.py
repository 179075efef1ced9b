"""The settings of development, for tools that load settings without running the program, such as the type checker."""

import os

os.environ.setdefault("DEBUG", "1")

from speedycheers.settings import *
