"""Imported where processes are forked (forked.py): what each of them would work out anew from files of this program."""

from __future__ import annotations

import gc

from digest.collection.markers import load_markers
from digest.rendering.check import check_templates
from digest.rendering.templates import TemplateSet
from digest.shipped import shipped_folder

load_markers()
# Which compiles the shipped templates and reads their style sheets.
check_templates(TemplateSet.load(shipped_folder("templates") / "email"), locales=("en",))
# Whoever is forked shares these pages for as long as nobody looks for garbage in them.
gc.collect()
gc.freeze()
