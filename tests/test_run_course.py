import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import run_course
import run_report

RECORD = """\
from hepml_helpers import results
results.record("mass", {value}, 0.1, accepted=(90, 92), published="91.19", source="a table", unit="GeV")"""
INSIDE, OUTSIDE = RECORD.format(value=91.0), RECORD.format(value=95.0)


@pytest.fixture
def build(tmp_path):
    return tmp_path / "build"


@pytest.fixture
def run(tmp_path, build):
    """Run the course of tmp_path; returns the exit status."""

    def run(*arguments):
        return run_course.main([*arguments, "--notebooks", str(tmp_path / "notebooks"), "--build", str(build)])

    return run


def entries(build):
    return json.loads((build / "results.json").read_text())["lessons"]


def test_lessons_that_pass_leave_their_copies_and_results_and_a_table(make_notebook, run, build, capsys):
    make_notebook("01_first", INSIDE, "print('profile', PROFILE)")
    make_notebook("02_second", INSIDE)
    assert run("--profile", "quick") == 0
    copy = json.loads((build / "notebooks/01_first.ipynb").read_text())
    assert "profile quick" in json.dumps(copy["cells"][-1]["outputs"])
    entry = entries(build)["01_first"]
    assert (entry["status"], entry["profile"], entry["notebook"]) == ("passed", "quick", "notebooks/01_first.ipynb")
    assert entry["results"][0]["value"] == 91.0 and entry["results"][0]["verdict"] == "pass"
    shown = capsys.readouterr().out
    assert max(map(len, shown.partition("lesson ")[2].splitlines()[:-1])) <= 120
    row = next(line for line in shown.splitlines() if line.startswith(" 01 ") and "mass" in line)
    for word in ("91.00 ± 0.10 GeV", "90 to 92", "91.19 (a table)", "pass"):
        assert word in row
    assert "2 of 2 lesson(s) passed" in shown


def test_another_seed_reaches_the_lesson_and_lies_in_a_folder_of_its_own(make_notebook, run, build, monkeypatch):
    make_notebook("01_first", INSIDE, "print('seed', SEED)")
    assert run("--seed", "7") == 0
    assert "seed 7" in (build / "notebooks/01_first.ipynb").read_text()
    monkeypatch.setattr(run_course, "BUILD", build)
    folders = [run_course.parse(arguments).build for arguments in ([], ["--seed", "7"], ["--seed", "0"])]
    assert folders == [build, build / "seed-7", build / "seed-0"]
    with pytest.raises(SystemExit):
        run_course.parse(["--seed", "-1"])


def test_only_lessons_that_can_do_without_a_training_run_with_weights_that_ship(make_notebook, run, build, monkeypatch):
    path = make_notebook("01_first", INSIDE, "print('pretrained', PRETRAINED)")
    path.write_text(path.read_text().replace("SEED = 1", "SEED = 1\\nPRETRAINED = False"))
    make_notebook("02_second", INSIDE)
    assert run("--pretrained") == 0
    assert "pretrained True" in (build / "notebooks/01_first.ipynb").read_text()
    assert list(entries(build)) == ["01_first"]
    monkeypatch.setattr(run_course, "BUILD", build)
    assert run_course.parse(["--pretrained"]).build == build / "pretrained"


def test_the_table_shows_the_verdict_beside_long_words(tmp_path, capsys):
    lesson = run_course.Lesson(tmp_path / "01_a_lesson_with_a_long_name.ipynb", "quick", minutes=12.34, status="passed")
    words = {"name": "a result whose name is long " * 3, "published": "91.188 (pole mass) " * 3, "source": "a source"}
    lesson.results = [
        {**words, "value": 91.12345, "uncertainty": 0.0123, "accepted": [90.1234, 92.1234], "unit": "GeV"}
    ]
    run_report.print_table([lesson], judged=True)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 120
    assert next(line for line in lines if line.startswith(" 01 ")).split()[-1] == "pass"


def test_a_failing_cell_is_named_and_the_other_lessons_still_run(make_notebook, run, build, capsys):
    make_notebook("01_breaks", INSIDE, "# why\nx = 1 / 0")
    make_notebook("02_works", INSIDE)
    assert run() == 1
    shown = capsys.readouterr().out
    assert "01_breaks: FAILED" in shown
    assert "cell 3 of 3: # why" in shown  # counted in the lesson's own file, without the cell that papermill inserts
    assert "ZeroDivisionError: division by zero" in shown
    assert (build / "failed/01_breaks.ipynb").exists() and not (build / "notebooks/01_breaks.ipynb").exists()
    assert entries(build)["01_breaks"]["failure"]["cell"] == 3
    assert entries(build)["02_works"]["status"] == "passed"


def test_a_result_outside_its_band_fails_the_run(make_notebook, run, build, capsys):
    make_notebook("01_off", OUTSIDE)
    assert run("--profile", "quick") == 1
    shown = capsys.readouterr().out
    assert "OUTSIDE" in shown and "mass: 95.00 ± 0.10 GeV is outside 90 to 92" in shown
    assert entries(build)["01_off"]["status"] == "outside"
    assert (build / "failed/01_off.ipynb").exists() and not (build / "notebooks/01_off.ipynb").exists()


def test_the_smoke_profile_does_not_judge(tmp_path, capsys):
    result = {"name": "mass", "value": 95.0, "uncertainty": None, "accepted": [90, 92], "unit": ""}
    result |= {"published": None, "source": None}
    lesson = run_course.Lesson(tmp_path / "01_off.ipynb", "smoke", results=[result], minutes=0.1)
    assert run_course.judge(lesson) == "passed"
    run_report.print_table([lesson], judged=False)
    shown = capsys.readouterr().out
    assert "95" in shown and "OUTSIDE" not in shown and "not judged" in shown


def test_a_lesson_without_a_result_fails(make_notebook, run, capsys):
    make_notebook("01_silent", "x = 1")
    assert run() == 1
    assert "recorded no result" in capsys.readouterr().out


def test_a_kernel_that_dies_is_a_failure_that_names_the_cell(make_notebook, run, capsys):
    make_notebook("01_dies", INSIDE, "import os\nos._exit(9)")
    assert run() == 1
    shown = capsys.readouterr().out
    assert "cell 3 of 3: import os" in shown and "DeadKernelError" in shown


def test_a_file_that_is_no_notebook_is_a_failure(make_notebook, run, capsys):
    make_notebook("01_torn", INSIDE).write_text('{"cells": [')
    assert run() == 1
    assert "01_torn: FAILED" in capsys.readouterr().out


def test_a_failed_run_leaves_the_last_good_copy_and_its_results(make_notebook, run, build):
    make_notebook("01_first", INSIDE)
    assert run() == 0
    good = (build / "notebooks/01_first.ipynb").read_bytes()
    make_notebook("01_first", "raise ValueError('broken today')")
    assert run() == 1
    assert (build / "notebooks/01_first.ipynb").read_bytes() == good
    entry = entries(build)["01_first"]
    assert entry["status"] == "failed" and entry["results"] == []
    assert entry["last_good"]["results"][0]["value"] == 91.0
    make_notebook("01_first", INSIDE)
    assert run() == 0
    assert not (build / "failed/01_first.ipynb").exists() and "last_good" not in entries(build)["01_first"]


def test_a_second_failure_does_not_forget_the_last_good_run_either(tmp_path):
    book = run_course.ResultsFile(tmp_path / "results.json")
    good = run_course.Lesson(tmp_path / "01_first.ipynb", "quick", status="passed", minutes=1.0)
    bad = run_course.Lesson(tmp_path / "01_first.ipynb", "quick", status="failed", minutes=0.1, failure={"error": "E"})
    for lesson in (good, bad, bad):
        book.enter(lesson)
    entry = book.read()["01_first"]
    assert (entry["status"], entry["last_good"]["minutes"]) == ("failed", 1.0)


def test_running_one_lesson_keeps_the_results_of_the_others(make_notebook, run, build):
    first = run_course.Lesson(Path("01_first.ipynb"), "quick", status="passed", minutes=1.0)
    run_course.ResultsFile(build / "results.json").enter(first)
    before = entries(build)["01_first"]
    make_notebook("01_first", INSIDE)
    make_notebook("02_second", RECORD.format(value=91.5))
    assert run("2") == 0
    assert entries(build)["01_first"] == before
    assert entries(build)["02_second"]["results"][0]["value"] == 91.5


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ([], ["01_mass", "02_peaks", "10_flows"]),
        (["01"], ["01_mass"]),
        (["10", "1"], ["01_mass", "10_flows"]),
        (["02_peaks"], ["02_peaks"]),
        (["notebooks/02_peaks.ipynb"], ["02_peaks"]),
    ],
)
def test_select_takes_numbers_and_names_in_the_course_s_order(wanted, names):
    available = [Path(f"{name}.ipynb") for name in ("01_mass", "02_peaks", "10_flows")]
    assert [path.stem for path in run_course.select(wanted, available)] == names


def test_an_unknown_lesson_is_refused_with_the_list_of_those_there_are(make_notebook, run, build, capsys):
    make_notebook("01_first", INSIDE)
    assert run("07") == 2
    assert "there is no lesson '07'; the lessons are: 01_first" in capsys.readouterr().err
    assert not build.exists()


def test_an_unknown_profile_from_the_environment_is_refused(make_notebook, run, monkeypatch, capsys):
    make_notebook("01_first", INSIDE)
    monkeypatch.setenv("HEPML_PROFILE", "quickly")
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 2
    assert "'quickly'" in capsys.readouterr().err


def test_the_minutes_to_expect_are_the_measured_ones_and_else_the_announced_ones(make_notebook, tmp_path):
    path = make_notebook("01_first", 'training.start_lesson(SEED, PROFILE, minutes={"smoke": 0.5, "quick": 3})')
    book = run_course.ResultsFile(tmp_path / "results.json")
    assert run_course.prepare(path, "quick", book).expected == 3
    lesson = run_course.Lesson(path, "quick", status="passed", minutes=1.5)
    book.enter(lesson)
    assert run_course.prepare(path, "quick", book).expected == 1.5
    assert run_course.prepare(path, "smoke", book).expected == 0.5


def test_several_lessons_at_a_time_share_the_cores_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.setattr(run_course, "cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    shared = run_course.kernel_environment("quick", jobs=4)
    assert (shared["OMP_NUM_THREADS"], shared["TF_NUM_INTRAOP_THREADS"]) == ("2", "7")
    assert "OMP_NUM_THREADS" not in run_course.kernel_environment("quick", jobs=1)


@pytest.mark.parametrize(("gigabytes", "jobs"), [(1, 1), (7, 2), (100, 4)])
def test_memory_and_cores_limit_how_many_run_at_a_time(monkeypatch, gigabytes, jobs):
    monkeypatch.setattr(run_course, "cores", lambda: 4)
    memory = type("Memory", (), {"available": int(gigabytes * 1e9)})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(run_course, "memory_limit", lambda: None)
    assert run_course.parallel_jobs(10) == jobs


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_kernels_and_leaves_the_good_copy(make_notebook, run, build, tmp_path, kind):
    good = b"the last good copy"
    (build / "notebooks").mkdir(parents=True)
    (build / "notebooks/01_first.ipynb").write_bytes(good)
    first = run_course.Lesson(Path("01_first.ipynb"), "quick", status="passed", minutes=1.0)
    run_course.ResultsFile(build / "results.json").enter(first)
    before = entries(build)
    pid_file = tmp_path / "kernel.pid"
    make_notebook("01_first", f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(120)")
    command = [sys.executable, run_course.__file__, "--notebooks", tmp_path / "notebooks", "--build", build]
    runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < deadline and runner.poll() is None
        time.sleep(0.1)
    os.kill(runner.pid, kind)
    _, complaint = runner.communicate(timeout=30)
    assert runner.returncode == 130
    assert "Interrupted" in complaint and "Traceback" not in complaint
    assert not psutil.pid_exists(int(pid_file.read_text()))
    assert (build / "notebooks/01_first.ipynb").read_bytes() == good
    assert entries(build) == before


def test_a_folder_that_cannot_be_written_is_named_and_no_lesson_is_started(make_notebook, tmp_path, capsys):
    make_notebook("01_first", "raise SystemExit('started')")
    (tmp_path / "file").touch()
    arguments = ["--notebooks", str(tmp_path / "notebooks"), "--build", str(tmp_path / "file/build")]
    assert run_course.main(arguments) == 2
    shown = capsys.readouterr()
    assert f"Not a directory: {tmp_path / 'file/build'}" in shown.err and "make run BUILD=" in shown.err
    assert shown.out == ""
