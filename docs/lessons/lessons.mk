# The small models that the lessons look at, and every picture in them; part of the Makefile.
LESSON_DATA := data/lessons
LESSON_RUNS := runs/lessons
LESSON_CORPUS := corpora/daily.en-ko
LESSON_PICTURES := $(addprefix docs/lessons/,forgetting.svg clipping.svg keeping.svg remembering.svg \
  training.svg length.svg attention.svg schedule.svg exposure.svg)
LESSON_FLAGS := --config $(LESSON_CORPUS)/recipe.yaml --max-minutes off --max-epochs off --max-steps 1000 --quiet
TWICE := --max-steps 2000
INSPECT := $(SEQCLI) inspect

.PHONY: lessons
lessons: $(LESSON_PICTURES) ## Train the small models of docs/lessons and draw all its pictures.
	@echo "up to date: $(LESSON_PICTURES)"

$(LESSON_DATA)/manifest.json: $(wildcard $(LESSON_CORPUS)/*.en $(LESSON_CORPUS)/*.ko) | $(WITH_TOOLS)
	$(SEQCLI) preprocess $(LESSON_DATA) --src-lang en --tgt-lang ko --train $(LESSON_CORPUS)/train \
	  --valid $(LESSON_CORPUS)/valid --test $(LESSON_CORPUS)/test --config $(LESSON_CORPUS)/recipe.yaml --overwrite

# What each model is; without a line here it is what the recipe says.
$(LESSON_RUNS)/gru/trained: FLAGS_OF_RUN := --cell gru
$(LESSON_RUNS)/rnn-fixed/trained: FLAGS_OF_RUN := --cell rnn --attention none
$(LESSON_RUNS)/lstm-fixed/trained: FLAGS_OF_RUN := --attention none
$(LESSON_RUNS)/forced/trained: FLAGS_OF_RUN := $(TWICE)
$(LESSON_RUNS)/scheduled/trained: FLAGS_OF_RUN := $(TWICE) --teacher-forcing inverse-sigmoid --teacher-forcing-end 0.5 \
  --teacher-forcing-steps 1500

$(addprefix $(LESSON_RUNS)/,$(addsuffix /trained,lstm gru rnn-fixed lstm-fixed forced scheduled)): $(LESSON_DATA)/manifest.json
	@rm -f $@
	$(SEQCLI) train $(LESSON_DATA) $(@D) $(LESSON_FLAGS) $(FLAGS_OF_RUN) --overwrite
	@touch $@

docs/lessons/forgetting.svg: always | $(WITH_TOOLS)
	$(INSPECT) gradients --cells rnn,lstm,gru --length 20,50,100 -o $@

docs/lessons/clipping.svg: always | $(WITH_TOOLS)
	$(INSPECT) gradients --cells rnn --length 50 --w-scale 2 --descend 60 -o $@

docs/lessons/keeping.svg: always | $(WITH_TOOLS)
	$(INSPECT) gradients --cells rnn,lstm,gru --length 100 --keep-bias 5 -o $@

docs/lessons/remembering.svg: $(LESSON_RUNS)/rnn-fixed/trained $(LESSON_RUNS)/lstm-fixed/trained
	$(INSPECT) gradients $(^D) -o $@

docs/lessons/training.svg: $(LESSON_RUNS)/lstm/trained $(LESSON_RUNS)/gru/trained
	$(INSPECT) training $(^D) -o $@

docs/lessons/length.svg: $(LESSON_RUNS)/lstm-fixed/trained $(LESSON_RUNS)/lstm/trained
	$(INSPECT) length $(^D) --quiet -o $@

docs/lessons/attention.svg: $(LESSON_RUNS)/lstm/trained
	$(INSPECT) attention $(^D) "I want to drink coffee because I am tired." -o $@

docs/lessons/schedule.svg: always | $(WITH_TOOLS)
	$(INSPECT) schedule --teacher-forcing inverse-sigmoid --teacher-forcing-end 0.5 --teacher-forcing-steps 1500 --compare -o $@

docs/lessons/exposure.svg: $(LESSON_RUNS)/forced/trained $(LESSON_RUNS)/scheduled/trained
	$(INSPECT) exposure $(^D) --quiet -o $@
