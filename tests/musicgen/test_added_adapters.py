"""Adapters that are added and then go by a name: by the real commands, and found from anywhere.
None of it needs torch."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from support.commands import musmed
from support.full_disk import FullDisk
from support.hub_files import HIDDEN, REPO, checkpoint_files, put_in_cache, tensors_file, write

from engine.composers.musicgen.files import adding
from engine.composers.musicgen.files.adapters import adapter_files, find_adapters, parse_adapter
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.files.shelf import added, is_name, shelf
from engine.errors import MusmedError
from musmed_tui.asked import Asked
from musmed_tui.options import generation_of
from musmed_tui.paths import folders
from musmed_tui.settings import Settings, load_settings

Patch, Printed = pytest.MonkeyPatch, pytest.CaptureFixture[str]


def adapter(folder: Path, base: str = REPO, width: int = HIDDEN) -> Path:
    """As a training writes it, with its own files beside."""
    module = "base_model.model.decoder.model.decoder.layers.0.fc1"
    pair = {f"{module}.lora_A.weight": (2, width), f"{module}.lora_B.weight": (2 * HIDDEN, 2)}
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "base_model_name_or_path": base}
    return write(
        folder,
        {
            "adapter_config.json": json.dumps(config).encode(),
            "adapter_model.safetensors": tensors_file(pair),
            "README.md": b"# Calm\n",
            "figures.json": b"{}",
            "training/run.json": b"{}",
        },
    )


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: Patch) -> Path:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


@pytest.fixture
def base(home: Path) -> Path:
    return put_in_cache(home / "hub", REPO, checkpoint_files())


@pytest.mark.usefixtures("base")
def test_added_it_goes_by_its_name_from_anywhere(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 0
    said = capsys.readouterr()
    assert "Use it with --composer musicgen-small --adapter calm." in said.out
    assert said.err == ""
    shutil.rmtree(home / "calm")
    folder = home / "home/data/adapters/calm"
    # What plays and its card; never what the training kept.
    assert {path.name for path in folder.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (found,) = find_adapters([parse_adapter("calm=0.5")], find("musicgen-small"))
    assert (str(found), found.file) == ("calm=0.5", folder / "adapter_model.safetensors")
    assert adapter_files("calm") == (folder / "adapter_model.safetensors",)


def test_the_lists_know_it(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "a")), "--name", "my.calm") == 0
    said = capsys.readouterr()
    assert "is known once that is on this machine" in said.err
    assert musmed(monkeypatch, "models", "list") == 0
    assert "my.calm\t0.5 kB\t\t\tyes\tadded; adapter for facebook/musicgen-small" in (
        capsys.readouterr().out
    )
    assert musmed(monkeypatch, "models", "--json") == 0
    (row,) = [
        one for one in json.loads(capsys.readouterr().out)["models"] if one["name"] == "my.calm"
    ]
    assert (row["repo"], row["here"]) == ("", "yes")
    assert musmed(monkeypatch, "models", "path", "my.calm") == 0
    assert capsys.readouterr().out == f"{home}/home/data/adapters/my.calm\n"
    assert musmed(monkeypatch, "models", "get", "my.calm") == 0
    assert "my.calm is here already: " in capsys.readouterr().out
    (home / "home/data/adapters/my.calm/adapter_model.safetensors").write_bytes(b"cut")
    assert musmed(monkeypatch, "models", "list") == 0
    assert "\tbroken\t" in capsys.readouterr().out
    assert musmed(monkeypatch, "models", "path", "my.calm") == 2


def test_removed_it_is_gone_when_that_is_meant(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 0
    assert musmed(monkeypatch, "models", "remove", "calm") == 2
    assert "say --yes" in capsys.readouterr().err
    assert added("calm") is not None
    assert musmed(monkeypatch, "models", "remove", "calm", "--yes") == 0
    assert "Removed calm" in capsys.readouterr().out
    assert added("calm") is None
    assert list(shelf().iterdir()) == []
    with pytest.raises(MusmedError, match=r"no adapter called calm .* models add FOLDER --name"):
        adapter_files("calm")
    assert musmed(monkeypatch, "models", "add", str(home / "calm")) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "The folder is missing: musmed models add FOLDER"),
        ("{home}/nowhere", "it is no folder here; mend the path"),
        ("{home}/elsewhere", "holds no adapter: it has no adapter_config.json"),
        ("{home}/calm --name musicgen-small", "is a model's name; give the adapter another"),
        ("{home}/calm --name a/b", "'a/b' can't be an adapter's name; give one with --name"),
        ("{home}/calm --name -x", "--name"),
        ("{home}/calm --name ..", "'..' can't be an adapter's name"),
        ("{home}/odd\x1b", "can't be an adapter's name"),
        ("{home}/calm --name taken", "There is an adapter called taken already"),
        ("{home}/cut", "adapter_model.safetensors"),
        ("{home}/pickled", "is a pickle (adapter_model.bin)"),
        ("{home}/wide", "was trained on another model than musicgen-small"),
        ("{home}/typed", "is of type 'IA3'"),
        ("{home}/dora", "uses DoRA, which musmed does not merge"),
        ("{home}/bare", "The adapter bare is empty; train it again"),
        ("{home}/going", "has kept no adapter yet; add it when it is done"),
        ("{home}/calm --name someone/calm", "can't be an adapter's name"),
        ("{home}/calm --name " + "x" * 65, "can't be an adapter's name"),
        ("{home}/afar", "was trained on another model than base"),
    ],
)
@pytest.mark.usefixtures("base")
def test_what_can_t_be_added_is_a_sentence_and_leaves_nothing(
    words: str, sentence: str, home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    for name in ("calm", "odd\x1b", "taken", "cut", "pickled", "typed", "dora", "bare", "going"):
        adapter(home / name)
    adapter(home / "wide", width=HIDDEN + 1)
    (home / "cut/adapter_model.safetensors").write_bytes(tensors_file({"a": (8,)})[:-4])
    (home / "pickled/adapter_model.safetensors").rename(home / "pickled/adapter_model.bin")
    (home / "typed/adapter_config.json").write_text('{"peft_type": "IA3"}')
    (home / "dora/adapter_config.json").write_text('{"peft_type": "LORA", "use_dora": true}')
    (home / "bare/adapter_model.safetensors").write_bytes(tensors_file({}))
    (home / "going/adapter_config.json").unlink()
    adapter(home / "afar", str(write(home / "base", checkpoint_files())), width=HIDDEN + 1)
    assert musmed(monkeypatch, "models", "add", str(home / "taken")) == 0
    capsys.readouterr()
    arguments = [word.format(home=home) for word in words.split()]
    assert musmed(monkeypatch, "models", "add", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in told.err
    assert told.err.count("\n") == 1
    assert "\x1b" not in told.err
    assert [path.name for path in shelf().iterdir()] == ["taken"]


def test_no_room_is_a_sentence_and_leaves_nothing(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    def full(read: object, written: object, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.composers.musicgen.files.adding.shutil.copyfileobj", full)
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 2
    assert "No space left on device); free some space" in capsys.readouterr().err
    assert list(shelf().iterdir()) == []


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    adapter(home / "calm")
    for full_from in range(20):
        with monkeypatch.context() as patch:
            disk = FullDisk(patch, full_from, (adding,))
            ended = musmed(patch, "models", "add", str(home / "calm"))
        told = capsys.readouterr().err
        if not disk.failed:
            break
        assert ended == 2
        assert "No space left on device); free some space" in told
        assert told.count("\n") == 1
        assert not shelf().is_dir() or list(shelf().iterdir()) == []
    assert full_from > 3
    assert ended == 0
    assert added("calm") is not None


def test_no_place_for_it_is_a_sentence(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    write(home / "home/data", {"adapters": b"a file"})
    adapter(home / "calm")
    assert musmed(monkeypatch, "models", "add", str(home / "calm")) == 2
    assert f"calm can't be copied to {home}/home/data/adapters (" in capsys.readouterr().err
    shelf().unlink()
    write(shelf(), {"calm": b"a file"})
    assert musmed(monkeypatch, "models", "add", str(home / "calm")) == 2
    assert "Something that is no folder lies at" in capsys.readouterr().err
    assert [path.name for path in shelf().iterdir()] == ["calm"]


def test_a_folder_that_may_not_be_written_is_a_sentence(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(adding, "make_private_folder", refused)
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 2
    told = capsys.readouterr().err
    assert "(Permission denied); free some space or mend what is named." in told
    assert told.count("\n") == 1


def test_what_a_training_writes_meanwhile_is_not_taken_by_halves(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    copy = shutil.copyfileobj

    def meanwhile(*how: object) -> None:
        copy(*how)  # type: ignore[arg-type]
        new = home / "new"
        new.write_bytes((home / "calm/adapter_model.safetensors").read_bytes())
        new.replace(home / "calm/adapter_model.safetensors")

    monkeypatch.setattr("engine.composers.musicgen.files.adding.shutil.copyfileobj", meanwhile)
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 2
    assert "changed while it was copied; add it once" in capsys.readouterr().err
    assert list(shelf().iterdir()) == []


def test_links_are_followed_into_files_and_go_alone(home: Path, monkeypatch: Patch) -> None:
    """As the hub's cache has files; and as somebody may have put a folder on the shelf."""
    files = {
        path.name: path.read_bytes() for path in adapter(home / "a").iterdir() if path.is_file()
    }
    cached = put_in_cache(home / "hub", "someone/calm", files)
    (home / "calm").symlink_to(cached)
    assert musmed(monkeypatch, "models", "add", str(home / "calm")) == 0
    folder = added("calm")
    assert folder is not None
    assert not any(path.is_symlink() for path in folder.iterdir())
    (shelf() / "lent").symlink_to(home / "a")
    assert added("lent") is not None
    assert musmed(monkeypatch, "models", "remove", "lent", "--yes") == 0
    assert (home / "a/adapter_model.safetensors").is_file()
    assert [path.name for path in shelf().iterdir()] == ["calm"]


def test_a_base_in_a_folder_is_looked_at_too(
    home: Path, monkeypatch: Patch, capsys: Printed
) -> None:
    """As peft writes it of a model that was loaded from there."""
    folder = write(home / "my base", checkpoint_files())
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm", str(folder)))) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert f"Use it with --composer '{folder}' --adapter calm." in said.out
    shutil.rmtree(folder)
    assert musmed(monkeypatch, "models", "add", str(home / "calm"), "--name", "again") == 0
    said = capsys.readouterr()
    assert f"its base ({folder}) is known once that is on this machine" in said.err
    assert "Use it with --adapter again, and its base as the --composer." in said.out
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "b", "")), "--name", "b") == 0
    assert "It does not say which model it was trained on" in capsys.readouterr().err


def test_who_was_quicker_keeps_the_name(home: Path, monkeypatch: Patch, capsys: Printed) -> None:
    copy = shutil.copyfileobj

    def meanwhile(*how: object) -> None:
        adapter(home / "home/data/adapters/calm")
        copy(*how)  # type: ignore[arg-type]

    monkeypatch.setattr("engine.composers.musicgen.files.adding.shutil.copyfileobj", meanwhile)
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 2
    assert "There is an adapter called calm already" in capsys.readouterr().err
    assert [path.name for path in shelf().iterdir()] == ["calm"]


def test_a_name_stays_one_wherever_the_session_goes_on(home: Path, monkeypatch: Patch) -> None:
    """And comes before a folder that happens to be called so; './calm' is that folder."""
    adapter(home / "elsewhere/calm")
    asked = Asked(adapters=["calm=0.5", "./calm"])
    assert generation_of(asked, Settings()).adapters == (
        f"{home}/elsewhere/calm=0.5",
        f"{home}/elsewhere/calm",
    )
    assert musmed(monkeypatch, "models", "add", "calm") == 0
    assert generation_of(asked, Settings()).adapters == ("calm=0.5", f"{home}/elsewhere/calm")
    folders().config.mkdir(parents=True)
    folders().settings.write_text('adapters = ["calm=0.7"]\n')
    settings = load_settings(folders().settings).settings
    assert generation_of(Asked(), settings).adapters == ("calm=0.7",)


def test_a_name_is_seen_where_there_is_no_home(home: Path, monkeypatch: Patch) -> None:
    """What is a folder is found all the same."""
    monkeypatch.setattr("engine.composers.musicgen.files.shelf.data_folder", _homeless)
    adapter(home / "elsewhere/calm")
    assert adapter_files("calm")[0].parent.name == "calm"


def _homeless() -> Path:
    raise MusmedError("There is no home folder.")


@pytest.mark.parametrize("name", ["calm", "my-calm_2.1", "7", "x" * 64])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", ".calm", "calm.", "a b", "a/b", "~", "ä", "x" * 65, "a\n", "musicgen-large", REPO]
)
def test_no_names(name: str) -> None:
    assert not is_name(name)


def test_a_shell_is_told_the_names(home: Path, monkeypatch: Patch) -> None:
    from musmed_tui import completion

    assert tuple(completion.added_adapters()) == ()
    assert musmed(monkeypatch, "models", "add", str(adapter(home / "calm"))) == 0
    assert tuple(completion.added_adapters()) == ("calm",)
    assert "calm" in completion.completes(completion.models)("ca")
    assert completion.completes(completion.checkpoints)("ca") == []
