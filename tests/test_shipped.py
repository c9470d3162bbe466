"""The folders that ship with the program are found in a checkout and in a wheel, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from digest import shipped
from digest.shipped import shipped_folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Give an empty package folder that takes the place of ours."""
    folder = tmp_path / "site-packages" / "digest"
    folder.mkdir(parents=True)
    monkeypatch.setattr(shipped, "__file__", str(folder / "shipped.py"))
    return folder


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("templates", "email/digest"),
        ("templates", "email/correction"),
        ("templates", "web"),
        ("subscribers", "example.toml"),
        ("subscribers", "README.md"),
    ],
)
def test_a_checkout_has_its_folders_beside_the_package(name, holds):
    """They are top-level folders, which people edit."""
    assert (shipped_folder(name) / holds).exists()


def test_a_wheel_has_them_inside(package):
    """The folder inside wins over whatever lies beside."""
    (package / "templates").mkdir()
    (package.parent / "templates").mkdir()
    (package.parent / "pyproject.toml").touch()

    assert shipped_folder("templates") == package / "templates"


def test_a_folder_of_somebody_else_in_site_packages_is_not_ours(package):
    """Another distribution may well install a top-level "templates"."""
    (package.parent / "templates").mkdir()

    with pytest.raises(FileNotFoundError, match="reinstall digest-sender"):
        shipped_folder("templates")


def test_a_checkout_reached_through_a_link_is_found(tmp_path, monkeypatch):
    """Editors and deployments like symbolic links."""
    link = tmp_path / "here"
    link.symlink_to(Path(shipped.__file__).parent, target_is_directory=True)
    monkeypatch.setattr(shipped, "__file__", str(link / "shipped.py"))

    assert (shipped_folder("subscribers") / "example.toml").is_file()
