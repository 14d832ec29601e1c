"""A portfolio of another trainee: forty activities in three modules, and texts that look like markup."""

MODULES = {"B-P1": 14, "B-P2": 13, "B-P3": 13}
SETTINGS = """\
title = "Medical Physics & <more> | *all*"
role = "trainee"
curriculum = "X"
start = 2022-09-05
language = "en-GB"
as_of = 2025-03-31
reviews = [2024-09-18]
"""


def make(tree):
    """Write the records and the pages into ``tree``. One module is complete and still unsigned."""
    activities, events, evidence = [], [], []
    for module, count in MODULES.items():
        for number in range(1, count + 1):
            title = f"Task {number} & its _limits_ < {number + 1} in the daily work of a department"
            page = f"{module}/{number}_Task"
            activities.append(f"{module},{number},{title},{page},,")
            steps = [
                f"- **{month}.** Take `step` {number} of [a plan](x.md). *Done when:* it is *counted*.{end}"
                for month, end in (("January 2025", ""), ("May 2025", ""), ("June 2024", " *Outcome:* done."))
            ]
            text = "\n".join(["# A page", "", "It began. It changed.", "", "## Action plan", "", *steps, ""])
            path = tree / f"{page}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            for at, event in enumerate(_course(module, number)):
                day = f"202{4 + at // 2}-{2 + 7 * (at % 2):02}-{1 + number:02}"
                events.append(f"{day},{module},{number},{event},")
            if number % 3 == 0:
                evidence.append(
                    f"P{len(evidence) + 1:02},2024-12-{number:02},Phantom images,Images,{module}/{number},,"
                )
    _write(tree, "portfolio.toml", SETTINGS.splitlines())
    rows = ["1,B-P1,Physics,35,", "2,B-P2,Devices & design,15,", "2,B-P3,Thesis | <of> *imaging*,65,"]
    _write(tree, "modules.csv", ["phase,code,module,credits,signed_off", *rows])
    _write(tree, "activities.csv", ["module,number,title,page,learning_outcomes,url", *activities])
    _write(tree, "progress.csv", ["date,module,number,event,note", *events])
    _write(tree, "standards.csv", ["scheme,code,label", "GSP,1,One"])
    _write(tree, "evidence.csv", ["id,date,title,kind,activities,standards,file", *evidence])
    rows = [
        f"2025-09-30,Half,B-P1,{MODULES['B-P1'] // 2},", "2026-09-30,End,B-P1,14,", "2026-09-30,End,B-P2,13,",
        "2024-12-31,Begin,B-P3,9,", "2026-09-30,A date alone,,,",
    ]  # fmt: skip
    _write(tree, "milestones.csv", ["date,name,module,required,note", *rows])
    return tree


def _course(module, number):
    whole = ("started", "submitted", "signed_off")
    if module == "B-P2":
        return whole
    return (whole, (), whole[:1], whole[:2], (*whole[:2], "returned"))[number % 5]


def _write(tree, name, lines):
    path = tree / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
