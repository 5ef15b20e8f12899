# From the PO files of two packages to a scored translator and a filled PO file; docs/localisation.md.
PO_LANG := de
PO_PACKAGES := Django==5.2.19 wagtail==8.0.1
PO_DATA := data/localisation
PO_RUN := runs/localisation
PO_FLAGS ?= --max-minutes 4
PO_TOOL := $(BIN)/python benchmarks/localisation/catalogues.py

.PHONY: localisation
localisation: $(PO_RUN)/filled.scores ## Train on the PO files of Django and Wagtail, and fill a PO file of held-out messages.
	@echo "up to date: $(PO_RUN)/filled.po"
	@cat $<

$(PO_DATA)/train.po: | $(WITH_TOOLS)
	$(BIN)/python -m pip download --quiet --no-deps --only-binary :all: -d $(PO_DATA)/wheels $(PO_PACKAGES)
	$(PO_TOOL) prepare $(PO_DATA)/wheels $(PO_DATA) $(PO_LANG)

$(PO_DATA)/pieces/manifest.json: $(PO_DATA)/train.po
	$(SEQCLI) preprocess $(PO_DATA)/pieces --src-lang en --tgt-lang $(PO_LANG) --train $(PO_DATA)/train.po \
	  --valid $(PO_DATA)/valid.po --protect placeholder,tag,url --vocab-size 2000 --overwrite

$(PO_RUN)/trained: $(PO_DATA)/pieces/manifest.json
	@rm -f $@
	$(SEQCLI) train $(PO_DATA)/pieces $(PO_RUN) $(PO_FLAGS) --overwrite
	@touch $@

$(PO_RUN)/filled.po: $(PO_RUN)/trained
	$(SEQCLI) translate -m $(PO_RUN) $(PO_DATA)/todo.po -o $@

$(PO_RUN)/filled.scores: $(PO_RUN)/filled.po
	$(PO_TOOL) compare $(PO_DATA)/full.po $< $(PO_RUN)/filled.hyp $(PO_RUN)/filled.ref
	$(SEQCLI) eval --hyp $(PO_RUN)/filled.hyp --ref $(PO_RUN)/filled.ref > $@
