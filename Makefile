# Everything a developer or a user of the pipeline runs; `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
WITH_TOOLS := $(VENV)/installed-with-tools
SEQCLI := $(BIN)/seqcli

# The pipeline: a corpus and two languages; everything else follows from them or can be given. Text
# that is named by TRAIN alone brings no corpus with it, so nothing of the bundled one is mixed in.
OWN_TEXT := $(and $(filter undefined,$(origin CORPUS)),$(filter-out undefined,$(origin TRAIN)))
CORPUS ?= $(if $(OWN_TEXT),,corpora/daily.en-ko)
SRC ?= en
TGT ?= ko
TRAIN ?= $(CORPUS)/train
VALID ?= $(CORPUS:%=%/valid)
TEST ?= $(CORPUS:%=%/test)
UNSEEN ?= $(CORPUS:%=%/test-unseen)
CONFIG ?= $(wildcard $(CORPUS:%=%/recipe.yaml))
STEM := $(if $(OWN_TEXT),$(basename $(notdir $(firstword $(TRAIN)))),$(notdir $(CORPUS:%/=%)))
NAME := $(STEM).$(SRC)-$(TGT)
DATA ?= data/$(NAME)
RUN ?= runs/$(NAME)
# More flags of the verbs, such as FLAGS='--cell gru' for train.
PREPROCESS_FLAGS ?=
FLAGS ?=
TRANSLATE_FLAGS ?=
# Of bench-quality, which has languages of its own.
SEEDS ?= 1 2 3
BENCH_FLAGS ?=
SRC_OR_EN := $(if $(filter file,$(origin SRC)),en,$(SRC))
TGT_OR_DE := $(if $(filter file,$(origin TGT)),de,$(TGT))
# Of distill: trained runs, runs of the other direction, and the texts that they make of the training text.
TEACHERS ?= $(RUN)
TEACHER_FILES = $(if $(filter file,$(origin TEACHERS)),$(RUN)/trained,$(TEACHERS:%=%/model.safetensors))
BACKWARD ?=
DISTILLED := data/$(NAME).distilled-text/train
BACK_TRANSLATED := data/$(NAME).distilled-text/backward
TEACHER_TEXTS = $(DISTILLED) $(if $(BACKWARD),$(BACK_TRANSLATED))
# One side of the training text: its files, and the shell words that write it; a TSV has it in a column.
files_of_side = $(foreach prefix,$(TRAIN),$(wildcard $(prefix).$(1) $(prefix).$(1).gz $(filter %.tsv %.tsv.gz,$(prefix))))
write_side = $(foreach prefix,$(TRAIN),$(if $(filter %.tsv %.tsv.gz,$(prefix)),zcat -f $(prefix) | cut -f $(2);,\
  zcat -f $(firstword $(wildcard $(prefix).$(1) $(prefix).$(1).gz));))
require_text = @$(if $(filter-out %.tsv %.tsv.gz,$(filter $(BILINGUAL),$(TRAIN))),\
  $(error make distill reads text and .tsv only, not $(TRAIN)))

.PHONY: bench-cleaning bench-decoding bench-quality bench-reading bench-scaling bench-speed check clean corpora demo distill eval format help multi30k preprocess test test-faults test-slow train translate

bench-cleaning: $(WITH_TOOLS) ## Clean a noisy text beside OpusFilter; DATA=FOLDER of Multi30k, OPUS=PYTHON with opusfilter.
	@$(if $(filter file,$(origin DATA)),$(error Give the folder of the raw files: make bench-cleaning DATA=FOLDER))
	$(BIN)/python benchmarks/cleaning.py $(DATA)/train.en $(DATA)/train.de $(OPUS:%=--opus %) $(BENCH_FLAGS)

bench-decoding: $(RUN)/trained ## Time translation with RUN, greedy and with a beam, in each precision, beside a plain search.
	$(BIN)/python benchmarks/translation_speed.py $(RUN) $(FLAGS)

bench-quality: $(WITH_TOOLS) ## Train and score a recipe with three seeds; DATA=FOLDER of Multi30k, SEEDS='1 2 3'.
	@$(if $(filter file,$(origin DATA)),$(error Give the folder of the raw files: make bench-quality DATA=FOLDER))
	$(BIN)/python benchmarks/multi30k/quality.py $(DATA) --seeds $(SEEDS) --src-lang $(SRC_OR_EN) --tgt-lang $(TGT_OR_DE) \
	  $(BENCH_FLAGS) $(if $(FLAGS),-- $(FLAGS))

# Here DATA is the folder of the raw text, as for multi30k; without it the bundled corpus is timed.
bench-reading: $(INSTALLED) ## Time reading of a generated TMX and preprocessing of repeated text, and take their memory.
	$(BIN)/python benchmarks/reading.py tmx $(FLAGS)
	$(BIN)/python benchmarks/reading.py preprocess corpora/daily.en-ko/train.en corpora/daily.en-ko/train.ko

bench-speed: data/bench-speed/manifest.json ## Time training beside plain PyTorch; DATA=FOLDER of Multi30k, ONMT=PYTHON of OpenNMT-py.
	$(BIN)/python benchmarks/training_speed.py data/bench-speed $(ONMT:%=--onmt %) $(FLAGS)

bench-scaling: data/bench-speed/manifest.json ## Time training over batch, hidden, vocabulary and length, and over the size of the corpus.
	$(BIN)/python benchmarks/scaling.py $(FLAGS)
	$(BIN)/python benchmarks/scaling.py --corpus data/bench-speed

check: $(WITH_TOOLS) ## Check format, lint and types, and run the fast tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

clean: ## Remove caches (not .venv, data or runs).
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	find seqcli tests -name __pycache__ -type d -prune -exec rm -rf {} +

corpora: ## Make the bundled corpus again from its grammar.
	$(PYTHON) corpora/daily.en-ko/grammar/generate.py

demo: $(RUN)/demo.txt ## Train a translator on the bundled corpus and show what it does, in minutes.
	@echo "up to date: $(DATA) $(RUN) $<"
	@cat $<

distill: $(TEACHER_TEXTS:%=%.done) ## Train one model on the training text and on what TEACHERS='RUN ...' (and BACKWARD=) make of it.
	@$(MAKE) eval SRC=$(SRC) TGT=$(TGT) CONFIG=$(CONFIG) TRAIN='$(TRAIN) $(TEACHER_TEXTS)' \
	  $(foreach text,VALID TEST UNSEEN,$(text)=$(if $(call is_given,$(text)),$($(text)))) \
	  DATA=data/$(NAME).distilled RUN=runs/$(NAME).distilled

eval: $(RUN)/test.scores ## Score the translations of the test set.
	@echo "up to date: $<"
	@cat $<

format: $(WITH_TOOLS) ## Format the code and mend what the linter can.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

help: ## List the targets.
	@echo "make TARGET [CORPUS=DIR SRC=en TGT=ko] [RUN=DIR] [CONFIG=FILE] [FLAGS='--cell gru ...']"
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 16

# Here DATA is the folder of the raw text; everywhere else it is the data directory.
multi30k: ## Train and score English to German on Multi30k; DATA=FOLDER of its raw files.
	@$(if $(filter file,$(origin DATA)),$(error Give the folder of the raw files: make multi30k DATA=FOLDER))
	@$(MAKE) eval SRC=en TGT=de CONFIG= FLAGS='--max-minutes 30 $(FLAGS)' \
	  TRAIN=$(DATA)/train VALID=$(DATA)/val TEST=$(DATA)/test_2016_flickr \
	  UNSEEN= DATA=data/multi30k.en-de RUN=runs/multi30k.en-de

preprocess: $(DATA)/manifest.json ## Cut the corpus into pieces.
	@echo "up to date: $(DATA)"

test: $(WITH_TOOLS) ## Run the fast tests.
	$(BIN)/python -m pytest -q -n 2

test-faults: $(WITH_TOOLS) ## Kill, break and fuzz trainings, files and text at length (docs/reliability.md).
	$(BIN)/python -m pytest -q -m faults

test-slow: $(WITH_TOOLS) ## Run the tests that take longer than a few seconds.
	$(BIN)/python -m pytest -q -m slow

train: $(RUN)/trained ## Train a translator; goes on where an interrupted training stopped.
	@echo "up to date: $(RUN)"

translate: $(RUN)/test.hyp ## Translate the test set.
	@echo "up to date: $<"

data/bench-speed/manifest.json: | $(WITH_TOOLS)
	$(SEQCLI) preprocess data/bench-speed --vocab-size 8000 $(if $(filter file,$(origin DATA)),\
	  --src-lang en --tgt-lang ko --train corpora/daily.en-ko/train --valid corpora/daily.en-ko/valid,\
	  --src-lang en --tgt-lang de --train $(DATA)/train --valid $(DATA)/val)

# What the teachers make of the source of the training text (Kim & Rush 2016, section 3.2).
$(DISTILLED).done: $(call files_of_side,$(SRC)) $(TEACHER_FILES) | $(INSTALLED)
	$(call require_text)
	@mkdir -p $(@D) && rm -f $@
	{ $(call write_side,$(SRC),1) } > $(DISTILLED).$(SRC)
	$(SEQCLI) translate $(TEACHERS:%=-m %) $(DISTILLED).$(SRC) -o $(DISTILLED).$(TGT) $(TRANSLATE_FLAGS)
	@touch $@

# What runs of the other direction make of its target (Nguyen et al. 2020, algorithm 1).
$(BACK_TRANSLATED).done: $(call files_of_side,$(TGT)) $(BACKWARD:%=%/model.safetensors) | $(INSTALLED)
	$(call require_text)
	@mkdir -p $(@D) && rm -f $@
	{ $(call write_side,$(TGT),2) } > $(BACK_TRANSLATED).$(TGT)
	$(SEQCLI) translate $(BACKWARD:%=-m %) $(BACK_TRANSLATED).$(TGT) -o $(BACK_TRANSLATED).$(SRC) $(TRANSLATE_FLAGS)
	@touch $@

%/model.safetensors:
	@echo "$* is not a trained run; train it first, or name other TEACHERS (or BACKWARD)" >&2; exit 2

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(WITH_TOOLS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

-include docs/lessons/lessons.mk
-include benchmarks/localisation/localisation.mk

# --- The pipeline's files -------------------------------------------------------------------------

WITH_SPACE := $(strip $(foreach name,CORPUS VALID TEST UNSEEN DATA RUN CONFIG,$(if $(word 2,$($(name))),$(name))))
ifneq ($(WITH_SPACE),)
$(error A path has a space in it, which make cannot handle: $(WITH_SPACE). Use another path, or seqcli itself)
endif

# Names of files of both sides (docs/formats.md).
BILINGUAL := $(foreach suffix,tsv jsonl tmx xlf xliff po mo,%.$(suffix) $(foreach packing,gz xz zst bz2,%.$(suffix).$(packing)))
# Both sides of a prefix, or a bilingual file.
files_of = $(wildcard $(foreach prefix,$(1),$(prefix).$(SRC) $(prefix).$(TGT) $(prefix).$(SRC).gz $(prefix).$(TGT).gz $(filter $(BILINGUAL),$(prefix))))
# VALID, TEST and UNSEEN may be missing from a corpus, or be there in other languages, but not when
# somebody named them.
has_both = $(or $(filter $(BILINGUAL),$(wildcard $(1))),$(and $(wildcard $(1).$(SRC) $(1).$(SRC).gz),$(wildcard $(1).$(TGT) $(1).$(TGT).gz)))
is_given = $(and $($(1)),$(or $(filter-out file,$(origin $(1))),$(call has_both,$($(1)))))
text_flags = $(TRAIN:%=--train %) $(if $(call is_given,VALID),--valid $(VALID)) $(if $(call is_given,TEST),--test $(TEST)) $(if $(call is_given,UNSEEN),--test unseen=$(UNSEEN))
config_flag = $(CONFIG:%=--config %)

# A file that changes when the words in it do: what was built with other flags is out of date.
define remember
@mkdir -p $(@D)
@printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' > $@
endef

.PHONY: always
$(DATA).flags: always
	$(call remember,$(SRC) $(TGT) $(text_flags) $(config_flag) $(PREPROCESS_FLAGS))
$(RUN).flags: always
	$(call remember,$(DATA) $(config_flag) $(FLAGS))
$(RUN).translate-flags: always
	$(call remember,$(TRANSLATE_FLAGS))

$(DATA)/manifest.json: $(call files_of,$(TRAIN) $(VALID) $(TEST) $(UNSEEN)) $(CONFIG) $(DATA).flags | $(INSTALLED)
	$(SEQCLI) preprocess $(DATA) --src-lang $(SRC) --tgt-lang $(TGT) $(text_flags) $(config_flag) \
	  $(PREPROCESS_FLAGS) --overwrite

# A run that was interrupted goes on, unless something that it depends on is newer than it.
$(RUN)/trained: $(DATA)/manifest.json $(CONFIG) $(RUN).flags | $(INSTALLED)
	@rm -f $@
	@if compgen -G '$(RUN)/last/*.safetensors' > /dev/null && [ -z "$$(find $^ -newer $(RUN)/config.yaml)" ]; then \
	  set -x; $(SEQCLI) train $(DATA) $(RUN) --resume; \
	else \
	  set -x; $(SEQCLI) train $(DATA) $(RUN) $(config_flag) $(FLAGS) --overwrite; \
	fi
	@touch $@

$(RUN)/test.hyp: $(RUN)/trained $(RUN).translate-flags | $(INSTALLED)
	$(SEQCLI) translate -m $(RUN) $(DATA)/test.src.txt -o $@ $(TRANSLATE_FLAGS)

$(RUN)/test.scores: $(RUN)/test.hyp | $(INSTALLED)
	$(SEQCLI) eval --hyp $< --ref $(DATA)/test.tgt.txt > $@

# Written whole or not at all, like everything else.
$(RUN)/demo.txt: $(RUN)/trained corpora/show.py | $(INSTALLED)
	@$(BIN)/python corpora/show.py $(RUN) > $@
