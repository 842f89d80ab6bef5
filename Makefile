# What is done again and again (CONTRIBUTING.md says when). With .venv/bin where there is one.
BIN := $(if $(wildcard .venv/bin/python),.venv/bin/)
PYTHON := $(if $(BIN),$(BIN)python,python3)
PYTEST := $(PYTHON) -m pytest
ARGS ?= --from tense --to calm

# The tests that take no time: what is pure, and what the documents say.
FAST := tests/affect tests/plan tests/session/conductor tests/link/test_framing.py \
	tests/playback/test_joiner.py tests/contract/test_docs.py

# Sessions to listen to: from/to/instrument/genre, MINUTES each, into LISTEN.
LISTEN ?= listen
MINUTES ?= 2
SESSIONS ?= tense/calm/piano/classical sad/happy/guitar/folk angry/serene/strings/soundtrack \
	tired/excited/electricguitar/pop excited/sleepy/pad/ambient afraid/content/harp/celtic \
	happy/sad/electricpiano/lounge depressed/glad/violin/orchestral bored/delighted/synthesizer/electronic \
	calm/calm/acousticguitar/country

.PHONY: quick check run pictures animation bench long listen

quick:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTEST) -n 2 $(FAST)

# What .ci/run does once everything is installed (there no test of sound or MusicGen may be skipped).
check:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(BIN)lint-imports
	$(PYTEST) -n 4 -m real_time tests/sound
	OMP_NUM_THREADS=1 $(PYTEST) -n 4 -m "not real_time"

# make run ARGS="--from sad --to glad --minutes 4"
run:
	$(PYTHON) -m musmed_tui play $(ARGS)

pictures:
	$(PYTHON) scripts/pictures.py

# The demo as a cast and, where termtosvg is on the path, as the README's animation.
animation:
	$(PYTHON) scripts/animation.py

# make bench BENCH="start render --against ../before"
bench:
	$(PYTHON) tests/bench/run.py $(BENCH)

# Ten sessions as `musmed render` makes them, named by from, to and players.
listen:
	mkdir -p $(LISTEN)
	@set -e; n=0; for session in $(SESSIONS); do \
		n=$$((n + 1)); set -- $$(echo $$session | tr / ' '); \
		out=$(LISTEN)/$$(printf %02d $$n)-$$1-to-$$2-$$3-$$4.flac; echo $$out; \
		$(PYTHON) -m musmed_tui render --from $$1 --to $$2 --instrument $$3 --genre $$4 \
			--minutes $(MINUTES) --seed $$n -o $$out; \
	done

# Sweeps, soaks, examples at random and the tests on other machines; some hours.
long:
	$(PYTEST) --long -m "long or hypothesis"
	$(PYTHON) tests/bench/machines.py
