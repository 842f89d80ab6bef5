"""A signal through real sockets, pipes and files: torn, closed, begun anew, far too fast."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.waiting import wait_for

from engine.errors import MusmedError
from engine.listener.signal_lines import BURST, Sample
from engine.session import signal_reader
from engine.session.signal_reader import LEFT_OUT, OVER, TOO_FAST, SignalReader, open_signal

Write = Callable[[bytes], None]


def values(reader: SignalReader, count: int) -> list[float]:
    """So many samples' values, as they come."""
    got: list[tuple[float, Sample]] = []

    def enough() -> bool:
        got.extend(reader.take())
        return len(got) >= count

    wait_for(enough, what=f"{count} samples")
    return [sample.value for _, sample in got]


def said(reader: SignalReader, text: str) -> list[str]:
    """All that was said until ``text`` was."""
    told: list[str] = []

    def seen() -> bool:
        told.extend(reader.take_said())
        return text in told

    wait_for(seen, what=text)
    return told


@pytest.fixture(params=["socket", "fifo", "file"])
def signal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[SignalReader, Write]]:
    place = tmp_path / "signal"
    if request.param == "socket":
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(place))
            door.listen()
            reader = open_signal(place)
            strap, _ = door.accept()
            with strap:
                yield reader, strap.sendall
                reader.close()
        return
    if request.param == "fifo":
        os.mkfifo(place)
        reader = open_signal(place)
    else:
        place.write_bytes(b'{"t": 0, "hr": 50}\n{"t"')  # what was before is the past
        reader = open_signal(place)
    with place.open("ab", buffering=0) as file:
        yield reader, lambda data: (file.write(data), None)[1]
        reader.close()


def test_lines_come_whole_wherever_they_are_torn(signal: tuple[SignalReader, Write]) -> None:
    reader, write = signal
    write(b'\n{"t": 1, "h')
    write(b'r": 70}\n{"t": 2, "hr": 71}\n{"t": 3, "rr": 1000}\n{"t": 4, "arou')
    assert values(reader, 3) == [70.0, 71.0, 60.0]
    write(b'sal": -0.5}\n')
    assert values(reader, 1) == [-0.5]
    assert reader.take_said() == []


def test_what_can_t_be_believed_is_left_out_and_spoken_of_once(
    signal: tuple[SignalReader, Write],
) -> None:
    reader, write = signal
    write(b"\n")
    for k, line in enumerate([b"\x1b[31mred", b'{"t": 1, "hr": 0}', b'{"t": 2, "hr": 400}'] * 3):
        write(line + b"\n")
        write(b'{"t": %d, "hr": 70}\n' % k)
    assert values(reader, 9) == [70.0] * 9
    assert said(reader, LEFT_OUT) == [LEFT_OUT]


def test_ten_thousand_lines_at_once_cost_as_much_as_a_hundred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that stands: no line is read beyond what is allowed."""
    read: list[bytes] = []
    parse = signal_reader.parse
    monkeypatch.setattr(signal_reader, "parse", lambda line: (read.append(line), parse(line))[1])
    place = tmp_path / "signal"
    place.touch()
    reader = SignalReader(signal_reader._opened(place), clock=lambda: 0.0)
    with place.open("ab", buffering=0) as file:
        for k in range(10):
            file.write(b"".join(b'{"t": %d, "hr": 70}\n' % (1000 * k + i) for i in range(1000)))
        assert said(reader, TOO_FAST) == [TOO_FAST]
        wait_for(lambda: reader._door._at == place.stat().st_size)  # type: ignore[attr-defined]
    reader.close()
    assert len(read) == BURST
    assert len(reader.take()) == BURST


def test_one_may_write_to_a_pipe_after_another(tmp_path: Path) -> None:
    place = tmp_path / "signal"
    os.mkfifo(place)
    reader = open_signal(place)
    for value in (60, 61):  # what one had begun may be joined to the first line of the next
        with place.open("wb") as file:
            file.write(b'{"t": 1, "hr": %d}\n' % value * 2 + b'{"t": 2, "h')
        assert values(reader, 1)[0] == value
        reader.take()
    reader.close()
    assert reader.take_said() == []


def test_a_socket_that_closed_is_connected_to_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal_reader, "AGAIN_SECONDS", 0.05)
    place = tmp_path / "signal"
    for value in (60, 61):
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(place))
            door.listen()
            if value == 60:
                reader = open_signal(place)
            strap, _ = door.accept()
            with strap:
                strap.sendall(b'{"t": 1, "hr": %d}\n{"t": 2, "h' % value)
                assert values(reader, 1) == [value]
        place.unlink()
    reader.close()


def test_a_file_that_is_begun_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    place = tmp_path / "signal"
    place.write_bytes(b'{"t": 1, "hr": 60}\n' * 10)
    reader = open_signal(place)
    place.write_bytes(b'{"t": 1, "hr": 61}\n')
    assert values(reader, 1) == [61.0]
    reader.close()


def test_standard_input_that_is_closed_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    ears, mouth = os.pipe()
    reader = SignalReader(signal_reader._Pipe(ears, ends=True))
    os.write(mouth, b'{"t": 1, "hr": 60}\n')
    assert values(reader, 1) == [60.0]
    os.close(mouth)
    assert said(reader, OVER) == [OVER]
    reader.close()
    os.close(ears)


def test_nothing_listens(tmp_path: Path) -> None:
    """Beside a file nothing is made, and no socket of this process is listened on."""
    place = tmp_path / "signal"
    place.touch()
    reader = open_signal(place)
    assert [one.name for one in tmp_path.iterdir()] == ["signal"]
    links = [link for link in Path("/proc/self/fd").iterdir() if link.exists()]
    doors = [link for link in links if stat.S_ISSOCK(link.stat().st_mode)]
    for door in doors:
        with socket.socket(fileno=os.dup(int(door.name))) as one:
            assert not one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    reader.close()


@pytest.mark.parametrize("kind", ["nothing", "folder", "device", "dead socket", "long name"])
def test_what_is_no_signal_is_refused_in_a_sentence(kind: str, tmp_path: Path) -> None:
    place = {"device": Path("/dev/zero"), "folder": tmp_path}.get(kind, tmp_path / "signal")
    if kind == "dead socket":
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(place))
    if kind == "long name":
        place = tmp_path / ("x" * 300)
    with pytest.raises(MusmedError) as refused:
        open_signal(place)
    assert str(refused.value).count(". ") == 0


def test_a_socket_that_says_nothing_for_long_stays_connected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A strap's line may come every five seconds: to be silent is not to be gone."""
    monkeypatch.setattr(signal_reader, "CONNECT_SECONDS", 0.05)
    place = tmp_path / "signal"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()
        door = signal_reader._Socket(place)
        strap, _ = listening.accept()
        with strap:
            assert [door.read() for _ in range(4)] == [b""] * 4
            strap.sendall(b'{"t": 1, "hr": 70}\n')
            assert door.read() == b'{"t": 1, "hr": 70}\n'
        door.close()
