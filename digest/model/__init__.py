"""The words, as frozen dataclasses and enums; standard library only. Import from the module that has the word."""
