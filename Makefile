# The whole course from the command line: `make help` lists what there is.
# Everything runs in .venv, which the first target that needs it creates from requirements.txt.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help setup run test lab lab-check lesson lint format clean-notebooks data cards comparison validation figure check wheel colab-check site site-check student student-check slides quizzes lock newest downloads links weights retarget clean

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## create .venv from requirements.txt (the other targets do it when needed)

$(READY): requirements.txt
	@$(PYTHON) tools/setup_env.py $(VENV)

run: $(READY) ## execute the lessons and print what they measured: LESSONS="01 05" PROFILE=smoke|quick|full JOBS=n SEED=n PRETRAINED=1 BUILD=folder
	@$(BIN)/python tools/run_course.py $(if $(BUILD),--build $(BUILD)) $(if $(PROFILE),--profile $(PROFILE)) \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed $(SEED)) $(if $(PRETRAINED),--pretrained) $(LESSONS)

test: $(READY) ## ruff, unit tests, doctests, data checks, and every lesson in the smoke profile (nbval): WITHOUT=tests/test_this.py
	@$(BIN)/python tools/run_tests.py $(if $(WITHOUT),--deselect=$(WITHOUT))

lab: $(READY) ## open JupyterLab on notebooks/00_start_here.ipynb, with the lessons beside it
	@$(BIN)/python -m jupyterlab notebooks/00_start_here.ipynb

lab-check: $(READY) ## run notebooks from JupyterLab's menu in Chromium, in the smoke profile; a kernel is killed half-way
	@HEPML_LAB_CHECK=1 $(BIN)/python -m pytest -q tests/test_jupyterlab.py

lesson: $(READY) ## begin a new lesson from the template: NAME=12_my_topic, or TITLE="My topic" for the next number
	@$(BIN)/python tools/make_lesson.py $(if $(TITLE),--title "$$TITLE") $(NAME)

lint: $(READY) ## ruff only: rules and formatting
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .

format: $(READY) ## let ruff format the code, and strip the notebooks' outputs
	@$(BIN)/python -m ruff format . && $(BIN)/python tools/clean_notebooks.py

clean-notebooks: $(READY) ## strip outputs, counts and editor metadata; KEEP=1 also renews the outputs that nbval compares
	@$(BIN)/python tools/clean_notebooks.py $(if $(KEEP),--execute)

data: $(READY) ## make a simulated sample anew: SAMPLE=zmumu EVENTS=n SEED=n WORKERS=n DASK=tcp://host:port OUT=folder
	@$(BIN)/python data/recipes/make.py $(SAMPLE) $(if $(EVENTS),--events $(EVENTS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(WORKERS),--workers $(WORKERS)) $(if $(DASK),--dask $(DASK)) $(if $(OUT),--out $(OUT)) \
		$(if $(REGISTRY),--registry $(REGISTRY))

weights: $(READY) ## train the weights that ship with the course, in the full profile (half an hour on two cores): LESSONS="07"
	@$(BIN)/python tools/make_weights.py $(LESSONS)

cards: $(READY) ## write data/README.md from the registry
	@$(BIN)/python tools/make_data_cards.py

comparison: $(READY) ## enter in data/comparison.json what the lessons measured in their last good quick runs
	@$(BIN)/python tools/record_comparison.py

validation: $(READY) ## draw the figures of the samples' validation into build/validation: RECORD=1 also writes the numbers
	@$(BIN)/python data/validation/validate.py $(if $(RECORD),--record)

figure: $(READY) ## draw the figure of README.md from the embedded samples, into docs/figures
	@$(BIN)/python tools/make_figure.py

check: test run ## the tests, then the whole course

wheel: $(READY) ## build the wheel that Colab installs, into dist/
	@$(BIN)/python tools/build_wheel.py

colab-check: $(READY) ## prove that the wheel moves nothing in Colab, and run the lessons as Colab would: LESSONS="01"
	@$(BIN)/python tools/colab_check.py $(LESSONS)

site: $(READY) ## build the site from the executed lessons into build/site, without executing anything (Python 3.11)
	@$(BIN)/python tools/make_site.py

site-check: $(READY) ## look at build/site in Chromium: links, figures, displays, search, contrast, other hosts
	@$(BIN)/python -m pytest -q tests/test_site.py

student: $(READY) ## make the student edition, lessons without their solutions, into build/student: LESSONS="01 05"
	@$(BIN)/python tools/make_student.py $(LESSONS)

student-check: student ## execute the student edition (smoke), and try right, wrong and missing answers: LESSONS="01" JOBS=n
	@$(BIN)/python tools/check_student.py $(if $(JOBS),--jobs $(JOBS)) $(LESSONS)

slides: $(READY) ## make slides of the executed lessons, into build/slides: LESSONS="01 05"
	@$(BIN)/python tools/make_slides.py $(LESSONS)

quizzes: $(READY) ## turn the quizzes of teaching/ into notebooks, into build/quizzes
	@$(BIN)/python tools/make_quizzes.py

lock: $(READY) ## resolve pyproject.toml into requirements.txt; pins stay where they can: UPGRADE=1 takes the newest
	@$(BIN)/python tools/lock.py $(if $(UPGRADE),--upgrade)

newest: $(READY) ## try the newest packages that pyproject.toml admits, without the lock: all tests, in build/newest
	@$(BIN)/python tools/try_newest.py

downloads: $(READY) ## download the recorded data from each of its addresses and compare it with its checksum
	@$(BIN)/python tools/check_downloads.py

links: $(READY) ## see whether every link in the pages, the lessons and the registry leads somewhere
	@$(BIN)/python tools/check_links.py

retarget: $(READY) ## change the repository's address everywhere: REPO=owner/name
	@test -n "$(REPO)" || { echo 'which repository? For example: make retarget REPO=owner/name'; exit 2; }
	@$(BIN)/python tools/retarget.py $(REPO)

clean: ## remove what the targets above made: build/, dist/, caches, .venv
	rm -rf build dist $(VENV) .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
