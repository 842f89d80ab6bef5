"""The command line. Thin: what a command needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from musmed_tui import completion
from musmed_tui.asked import FELT, FILES, MUSICGEN, SOUND, STUDY, TERMINAL, WAY, Asked, asking
from musmed_tui.cli.describe import describing
from musmed_tui.cli.evaluate import evaluating
from musmed_tui.cli.host import elsewhere
from musmed_tui.cli.listener import listening
from musmed_tui.cli.models import fetching
from musmed_tui.cli.moods import placing
from musmed_tui.cli.parts import CodecName, Host, Json, Text, There, refuse_in_front
from musmed_tui.cli.serve import serving
from musmed_tui.cli.sessions import stored
from musmed_tui.cli.show import showing
from musmed_tui.cli.study import researching
from musmed_tui.cli.train import training
from musmed_tui.exits import guarded
from musmed_tui.starting import leave
from musmed_tui.terminal.streams import say, write_out
from musmed_tui.terminal.width import forget_odd_width

app = typer.Typer(
    name="musmed",
    help="Composes and plays music medicine: a path from how you feel to how you want to feel.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Synthesis = Annotated[
    Text,
    typer.Option(
        metavar="NAME",
        help="What sounds the embedded composer's notes: auto, builtin or fluidsynth (auto).",
        autocompletion=completion.completes(completion.syntheses),
        rich_help_panel=SOUND,
    ),
]
Sink = Annotated[
    Text,
    typer.Option(
        metavar="SINK",
        help="Where sound goes: auto, sounddevice, miniaudio, file:PATH, listen or null (auto).",
        autocompletion=completion.completes(completion.sinks),
        rich_help_panel=SOUND,
    ),
]
Volume = Annotated[Text, typer.Option(metavar="0..1", help="Volume (1).", rich_help_panel=SOUND)]
Sleep = Annotated[
    Text,
    typer.Option(
        metavar="MINUTES",
        help="Then the music fades and stops; the session is kept.",
        rich_help_panel=FELT,
    ),
]
Plain = Annotated[
    bool,
    typer.Option("--plain", help="Lines of text only, nothing redrawn.", rich_help_panel=TERMINAL),
]
SlowLink = Annotated[
    bool,
    typer.Option(
        "--slow-link",
        help="Draw twice a second only, for a thin line.",
        rich_help_panel=TERMINAL,
    ),
]
Denoise = Annotated[
    Optional[bool],  # noqa: UP045
    typer.Option(
        "--denoise/--no-denoise",
        help="Spectral gating (as the composer needs).",
        rich_help_panel=SOUND,
    ),
]
JsonLines = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Lines of JSON, one for each event, for programs; no keys.",
        rich_help_panel=TERMINAL,
    ),
]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False,
    slow_link: SlowLink = False,
) -> None:
    """Composes and plays music medicine: a path from how you feel to how you want to feel.

    Without a command it opens the screen.
    """
    if version:
        from engine import __version__

        say(f"musmed {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is not None:
        refuse_in_front(context)
        return
    from musmed_tui.commands.screen import has_screen, open_check_in

    if has_screen(plain=False):
        raise typer.Exit(open_check_in(slow_link=slow_link))
    typer.echo(context.get_help())


@app.command()
@asking()
def play(
    *,
    context: typer.Context,
    asked: Asked,
    sink: Sink = None,
    volume: Volume = None,
    sleep: Sleep = None,
    denoise: Denoise = None,
    synthesis: Synthesis = None,
    plain: Plain = False,
    no_keys: Annotated[
        bool,
        typer.Option("--no-keys", help="With --plain: take no keys.", rich_help_panel=TERMINAL),
    ] = False,
    slow_link: SlowLink = False,
    stage: Annotated[
        bool,
        typer.Option("--stage", help="On the stage at once (key f).", rich_help_panel=TERMINAL),
    ] = False,
    as_json: JsonLines = False,
    signal: Annotated[
        Text,
        typer.Option(
            metavar="FILE|SOCKET",
            help="What your body says, as lines of JSON (docs/listener.md).",
            rich_help_panel=FELT,
        ),
    ] = None,
    course: Annotated[
        Text,
        typer.Option(
            metavar="FILE",
            help="The next session of a course ('musmed course FILE').",
            rich_help_panel=WAY,
        ),
    ] = None,
    host: Host = None,
    codec: CodecName = None,
    study: Annotated[
        Text,
        typer.Option(
            metavar="FOLDER",
            help="The next session of a listening list, and what is asked about it.",
            rich_help_panel=STUDY,
        ),
    ] = None,
    participant: Annotated[
        Text,
        typer.Option(metavar="CODE", help="Whose list, such as P001.", rich_help_panel=STUDY),
    ] = None,
) -> None:
    """Compose a session and play it while it is being composed."""
    if study is not None or participant is not None:
        from musmed_tui.commands.play_list import play_list, refuse_others

        refuse_others(context, study)
        raise typer.Exit(play_list(study or "", participant, sink, volume, plain=plain))
    from musmed_tui.commands.play import play_session
    from musmed_tui.worn import Worn

    code = play_session(
        asked,
        sink,
        volume,
        sleep=sleep,
        denoise=denoise,
        synthesis=synthesis,
        plain=plain,
        slow_link=slow_link,
        stage=stage,
        as_json=as_json,
        course=course,
        worn=Worn(signal, no_keys),
        host=host,
        codec=codec,
    )
    raise typer.Exit(code)


@app.command()
@asking()
def render(
    *,
    output: Annotated[
        Text,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .flac, .wav or .ogg file.",
            rich_help_panel=FILES,
        ),
    ] = None,
    midi: Annotated[
        Text,
        typer.Option(
            metavar="FILE",
            help="Write the score as a .mid file, too or alone.",
            rich_help_panel=FILES,
        ),
    ] = None,
    asked: Asked,
    session: Annotated[
        Text,
        typer.Option(
            metavar="ID",
            help="A kept session as it was played, by its ID.",
            autocompletion=completion.completes(completion.sessions),
            rich_help_panel=WAY,
        ),
    ] = None,
    heard: Annotated[
        bool,
        typer.Option(
            "--heard",
            help="With --session: as much as was heard, in seconds.",
            rich_help_panel=WAY,
        ),
    ] = False,
    denoise: Denoise = None,
    synthesis: Synthesis = None,
    jobs: Annotated[
        Text,
        typer.Option(
            metavar="N",
            help="Processes that compose at once: 1 or 2 (2 where there are two cores).",
            rich_help_panel=SOUND,
        ),
    ] = None,
    as_json: Json = False,
    host: Host = None,
    codec: CodecName = None,
) -> None:
    """Compose a session into a sound file, with a .json beside it that says what it is.

    --midi writes its score, with or without the sound.
    """
    from musmed_tui.commands.render import render_to

    code = render_to(
        asked,
        output,
        midi=midi,
        session=session,
        heard=heard,
        denoise=denoise,
        synthesis=synthesis,
        jobs=jobs,
        as_json=as_json,
        host=host,
        codec=codec,
    )
    raise typer.Exit(code)


@app.command()
@asking(but=MUSICGEN)
def plan(
    *,
    asked: Asked,
    as_json: Json = False,
) -> None:
    """Show the clips a session would have, without composing them."""
    from musmed_tui.commands.lists import show_plan

    show_plan(asked, as_json=as_json)


@app.command()
def keys() -> None:
    """List what has a key, with its name for keys.toml (docs/screen.md)."""
    from musmed_tui.commands.keys import show_keys

    show_keys()


@app.command()
def feelings(*, as_json: Json = False) -> None:
    """List the words for feelings and where they lie."""
    from musmed_tui.commands.lists import show_feelings

    show_feelings(as_json=as_json)


@app.command()
def instruments(*, as_json: Json = False) -> None:
    """List the instruments that --instrument can keep."""
    from musmed_tui.commands.lists import show_instruments

    show_instruments(as_json=as_json)


@app.command()
def genres(*, as_json: Json = False) -> None:
    """List the genres that --genre can keep."""
    from musmed_tui.commands.lists import show_genres

    show_genres(as_json=as_json)


@app.command()
def resume(  # noqa: PLR0917 - typer calls it by name
    session: Annotated[
        Text,
        typer.Argument(
            metavar="ID",
            help="From 'musmed sessions'.",
            autocompletion=completion.completes(completion.sessions),
        ),
    ] = None,
    sink: Sink = None,
    volume: Volume = None,
    sleep: Sleep = None,
    denoise: Denoise = None,
    plain: Plain = False,
    slow_link: SlowLink = False,
    as_json: JsonLines = False,
    host: Host = None,
    codec: CodecName = None,
) -> None:
    """Go on with a session that did not reach its end: the given one, or the latest."""
    from musmed_tui.commands.play import resume_session

    code = resume_session(
        session,
        sink,
        volume,
        sleep=sleep,
        denoise=denoise,
        plain=plain,
        slow_link=slow_link,
        as_json=as_json,
        host=host,
        codec=codec,
    )
    raise typer.Exit(code)


@app.command()
def measure(
    file: Annotated[Text, typer.Argument(metavar="FILE", help="Any sound file.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Estimate valence and arousal of a sound file every 10 seconds, from its sound alone."""
    from musmed_tui.commands.measure import measure as measure_sound

    raise typer.Exit(measure_sound(file, as_json=as_json))


app.add_typer(describing)
app.add_typer(placing)
app.add_typer(stored)
app.add_typer(evaluating)
app.add_typer(listening)
app.add_typer(showing)
app.add_typer(elsewhere)
app.add_typer(serving)
app.add_typer(researching)
app.add_typer(fetching)
app.add_typer(training)


@app.command()
def doctor(*, host: There = None, as_json: Json = False) -> None:
    """Say what works here, or on another machine, what does not, and what to do about it."""
    from musmed_tui.doctor.report import report, report_there

    code = report(as_json=as_json) if host is None else report_there(host, as_json=as_json)
    raise typer.Exit(code)


@app.command("completion")
def completion_script(
    shell: Annotated[
        Text,
        typer.Argument(
            metavar="SHELL",
            help="bash, zsh or fish.",
            autocompletion=completion.completes(completion.shells),
        ),
    ] = None,
) -> None:
    """Print the script by which a shell completes musmed's commands and words with Tab.

    bash: eval "$(musmed completion bash)" in ~/.bashrc; zsh: the same with zsh, behind compinit in
    ~/.zshrc; fish: musmed completion fish > ~/.config/fish/completions/musmed.fish
    """
    write_out(f"{completion.script(shell)}\n")


def main() -> None:
    """What ``musmed`` does with a command line."""
    forget_odd_width()
    completion.prepare()
    leave(guarded(run))


def run() -> int:
    """The command that the command line names; gives the exit code, and raises what it raises."""
    result = app(prog_name="musmed", standalone_mode=False)
    return result if isinstance(result, int) else 0
