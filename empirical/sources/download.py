"""Get a data set by torchvision, for users with the internet: ``python -m empirical.sources.download NAME DIR``.

torchvision fetches the authors' files, compares their checksums and unpacks them; they are read by this package's own
readers.  It is an optional extra (``pip install 'multitask-collapse[download]'``), imported by this command alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _split(name: str) -> Callable[[Any, Path], None]:
    def get(datasets: Any, root: Path) -> None:
        for train in (True, False):
            getattr(datasets, name)(str(root), train=train, download=True)

    return get


def _celeba(datasets: Any, root: Path) -> None:
    datasets.CelebA(str(root), split="all", target_type="attr", download=True)


#: Sets by name: how torchvision gets them, and the folder in which it leaves the files that are read here.
SETS: Mapping[str, tuple[Callable[[Any, Path], None], str]] = {
    "mnist": (_split("MNIST"), "MNIST/raw"),
    "fashion-mnist": (_split("FashionMNIST"), "FashionMNIST/raw"),
    "cifar10": (_split("CIFAR10"), "cifar-10-batches-py"),
    "cifar100": (_split("CIFAR100"), "cifar-100-python"),
    "celeba": (_celeba, "celeba"),
}


def fetch(name: str, root: Path) -> Path:
    """Get the set ``name`` into ``root``; the folder to give as ``--data-dir``.

    Raises ``ValueError`` for an unknown name and ``ModuleNotFoundError`` without a torchvision that works.
    """
    try:
        get, folder = SETS[name]
    except KeyError:
        raise ValueError(f"{name!r} is unknown; expected one of {', '.join(SETS)}") from None
    get(_torchvision(), root)
    return root / folder


def _torchvision() -> Any:
    try:
        from torchvision import datasets
    # one that was built for another torch fails while its operators are registered
    except (ImportError, RuntimeError) as error:
        raise ModuleNotFoundError(
            f"downloads need torchvision, of the release that belongs to this torch ({error}); "
            "pip install 'multitask-collapse[download]'"
        ) from None
    return datasets


@app.command()
def download(
    name: Annotated[str, typer.Argument(help=f"one of {', '.join(SETS)}")],
    root: Annotated[Path, typer.Argument(help="folder to put it in")],
) -> None:
    """Get a data set by torchvision."""
    try:
        folder = fetch(name, root)
    except (ValueError, ModuleNotFoundError) as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None
    except (OSError, RuntimeError) as error:
        # no connection, a server that refuses, a checksum that differs
        typer.echo(f"{name} could not be had: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"--data-dir {folder}")


if __name__ == "__main__":
    sys.exit(app())
