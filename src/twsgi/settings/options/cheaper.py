"""Options: how the number of workers follows the load."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Workers as the load asks for them"

_CHEAPER = "tests.behaviour.test_cheaper.HttpCheaperTests"
_ALGORITHMS = "tests.behaviour.test_cheaper_algorithms"
_BUSYNESS = f"{_ALGORITHMS}.BusynessTests.test_up_and_down"
_EMERGENCY = f"{_ALGORITHMS}.BusynessTests.test_emergency"
_PATIENCE = "tests.master.test_busyness.ShrinkingTests"
_IDLE = "tests.behaviour.test_idle"

ROWS = (
    Option(
        "cheaper",
        "number",
        By.MASTER,
        "Below processes: never fewer workers than this; 0: always all of them.",
        implies_master=True,
        test=f"{_CHEAPER}.test_up_and_down",
    ),
    Option(
        "cheaper-initial",
        "number",
        By.MASTER,
        "How many workers are started at first; 0: as many as cheaper.",
        implies_master=True,
        test=f"{_ALGORITHMS}.HttpBacklogTests.test_up_and_down",
    ),
    Option(
        "cheaper-step",
        "number",
        By.MASTER,
        "How many workers are added at once; 0: as many as the waiting requests need.",
        difference="1 in uWSGI if it is not given.",
        implies_master=True,
        test=f"{_CHEAPER}.test_one_step_at_a_time",
    ),
    Option(
        "cheaper-overload",
        "number",
        By.MASTER,
        "spare: how many times in a row all cores must be found busy before workers are added; "
        "backlog: how many requests may wait; busyness: over how many seconds it is measured.",
        difference="With spare looked at every 0.25 s instead of every second, "
        "and a worker with a free core is not busy.",
        implies_master=True,
        test=f"{_CHEAPER}.test_one_step_at_a_time",
    ),
    Option(
        "cheaper-algo",
        "name",
        By.MASTER,
        "How it is decided: spare, backlog, busyness, or manual (by the master-fifo alone).",
        difference="Cores are counted, not workers; a worker that boots counts as an idle one.",
        implies_master=True,
        test=f"{_ALGORITHMS}",
    ),
    Option(
        "cheaper-algos-list",
        "flag",
        By.MASTER,
        "Writes the names of the algorithms to the log.",
        aliases=("cheaper-algo-list", "cheaper-list"),
        test=f"{_ALGORITHMS}.ManualTests.test_list",
    ),
    Option(
        "cheaper-rss-limit-soft",
        "size",
        By.MASTER,
        "No worker is added while all of them together have more resident memory; 0: any.",
        difference="memory-report is not needed for it.",
        implies_master=True,
        test=f"{_ALGORITHMS}.MemoryTests.test_soft",
    ),
    Option(
        "cheaper-rss-limit-hard",
        "size",
        By.MASTER,
        "While they have more than this, one idle worker a second leaves. More than "
        "cheaper-rss-limit-soft.",
        difference="Never below cheaper; in uWSGI to the last but one.",
        implies_master=True,
        test=f"{_ALGORITHMS}.MemoryTests.test_hard",
    ),
    Option(
        "cheaper-busyness-max",
        "number",
        By.MASTER,
        "busyness: workers are added where more than this part (of 100) of the cores' time is "
        "spent in requests.",
        test=_BUSYNESS,
    ),
    Option(
        "cheaper-busyness-min",
        "number",
        By.MASTER,
        "busyness: one worker leaves where less than this part (of 100) is.",
        test=_BUSYNESS,
    ),
    Option(
        "cheaper-busyness-multiplier",
        "number",
        By.MASTER,
        "busyness: how many times cheaper-overload seconds pass before one leaves.",
        test=_BUSYNESS,
    ),
    Option(
        "cheaper-busyness-penalty",
        "number",
        By.MASTER,
        "busyness: what the multiplier grows by when a worker has to come back too soon.",
        difference="The default is 2, as it is in uWSGI; its documentation says 1.",
        test=f"{_PATIENCE}.test_penalty",
    ),
    Option(
        "cheaper-busyness-verbose",
        "flag",
        By.MASTER,
        "busyness: each decision is a line of the log.",
        test=_BUSYNESS,
    ),
    Option(
        "cheaper-busyness-backlog-alert",
        "number",
        By.MASTER,
        "busyness: where more requests than this wait, workers are added without delay.",
        difference="All that wait count, in the frontends too; what booting workers will take "
        "does not.",
        test=_EMERGENCY,
    ),
    Option(
        "cheaper-busyness-backlog-multiplier",
        "number",
        By.MASTER,
        "busyness: the multiplier while such workers are there.",
        test=f"{_PATIENCE}.test_emergency_workers_leave_sooner",
    ),
    Option(
        "cheaper-busyness-backlog-step",
        "number",
        By.MASTER,
        "busyness: how many such workers are added at once.",
        test=_EMERGENCY,
    ),
    Option(
        "cheaper-busyness-backlog-nonzero",
        "number",
        By.MASTER,
        "busyness: likewise where any request has waited for so many seconds.",
        test="tests.master.test_busyness.EmergencyTests.test_nonzero",
    ),
    Option(
        "cheap",
        "flag",
        By.MASTER,
        "No worker is started before somebody asks for something.",
        difference="With http a request starts them, not the connection alone.",
        implies_master=True,
        test=f"{_IDLE}.HttpIdleTests.test_cheap",
    ),
    Option(
        "idle",
        "number",
        By.MASTER,
        "After so many seconds without a request all workers leave; the next one starts them "
        "again, and is served. 0: never.",
        implies_master=True,
        test=f"{_IDLE}.HttpIdleTests.test_idle",
    ),
    Option(
        "die-on-idle",
        "flag",
        By.MASTER,
        "After idle seconds without a request everything stops instead, exit code 0.",
        test=f"{_IDLE}.HttpIdleTests.test_die_on_idle",
    ),
)
