"""Lambda images: the handler that a Dockerfile names, the folders that it copies, and a handler that is not there."""

import pytest

BASE = "FROM public.ecr.aws/lambda/python:3.13\n"
RUN = "def entry(x, y): ...\n"


@pytest.mark.parametrize(
    "copied",
    [
        "COPY src ${LAMBDA_TASK_ROOT}\n",
        "COPY src/ $LAMBDA_TASK_ROOT/\n",
        "COPY src/ /var/task\n",
        "COPY src/ .\n",
        "COPY src/*.py ./\n",
        "COPY src/service.py ${LAMBDA_TASK_ROOT}\n",
        'COPY ["src", "/var/task/"]\n',
        "WORKDIR ${LAMBDA_TASK_ROOT}\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY src/ .\n",
        "COPY --from=build /out ./\nADD --chown=1000:1000 src ./\n",
    ],
)
@pytest.mark.parametrize("folder", ["", "image/"])
def test_copied_folders(found_in, folder, copied):
    found = found_in({f"{folder}Dockerfile": f'{BASE}{copied}CMD ["service.entry"]\n', f"{folder}src/service.py": RUN})
    assert [(each.path, each.attribute, each.module) for each in found.handlers] == [
        (f"{folder}src/service.py", "entry", "service")
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('COPY . ${LAMBDA_TASK_ROOT}\nCMD ["servise.entry"]\n', "no module 'servise'"),
        (
            'COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY *.py ./\nCMD ["servise.entry"]',
            "no module",
        ),
        ('COPY service.py ./\nRUN yum -y install gcc && rm -rf /tmp/x\nCMD ["servise.entry"]', "no module 'servise'"),
        ('COPY . ${LAMBDA_TASK_ROOT}\nCMD ["service.entri"]\n', "entri"),
    ],
)
def test_handlers_that_are_not_there(found_in, text, why):
    found = found_in({"Dockerfile": BASE + text, "service.py": RUN})
    assert [each.path for each in found.missing] == ["Dockerfile"]
    assert why in found.missing[0].message


@pytest.mark.parametrize(
    "text",
    [
        BASE + "COPY . ./\nRUN python generate.py\n",
        BASE + "COPY . ./\nRUN pip install .\n",
        BASE + "COPY . ./\nRUN pip install -r requirements.txt -e .\n",
        BASE + "COPY . ./\nCOPY --from=build /out ./\n",
        BASE + "COPY . ./\nADD code.tar.gz ./\n",
        BASE + "COPY . ./\nENV AWS_LAMBDA_EXEC_WRAPPER=/opt/start\n",
        BASE.strip() + " AS base\nCOPY . ./\nFROM base\nCOPY . ./\n",
        "FROM python:3.13\nCOPY . ./\n",
        BASE + "COPY build/ ./\n",
    ],
)
def test_handlers_that_may_be_built(found_in, text):
    assert found_in({"Dockerfile": text + 'CMD ["servise.entry"]\n', "service.py": RUN}).missing == ()
