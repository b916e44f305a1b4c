"""Which file an import means."""

import pytest


def test_nearest_folder_wins_and_functions_do_not_see_each_other(modules_of):
    modules = modules_of("a/app.py a/utils.py b/app.py b/utils.py utils.py c/app.py")
    assert modules.resolve("a/app.py", "utils") == "a/utils.py"
    assert modules.resolve("b/app.py", "utils") == "b/utils.py"
    assert modules.resolve("c/app.py", "utils") == "utils.py"


def test_root_of_a_function_comes_before_the_folder_of_the_file(modules_of):
    texts = "fn/utils.py fn/api/app.py fn/api/utils.py"
    assert modules_of(texts, roots=["fn"]).resolve("fn/api/app.py", "utils") == "fn/utils.py"
    assert modules_of(texts).resolve("fn/api/app.py", "utils") == "fn/api/utils.py"


def test_root_of_one_function_is_no_root_for_another(modules_of):
    modules = modules_of("a/app.py b/app.py b/utils.py", roots=["a", "b"])
    assert modules.resolve("a/app.py", "utils") is None


def test_shared_root_serves_every_function(modules_of):
    modules = modules_of("a/app.py layers/x/common/db.py", roots=["a"], shared=["layers/x"])
    assert modules.resolve("a/app.py", "common.db") == "layers/x/common/db.py"


def test_python_folder_of_a_layer_is_a_root_without_a_template(modules_of):
    modules = modules_of("fn/app.py my-layer/python/shared.py other/python/hidden.py")
    assert modules.resolve("fn/app.py", "shared") == "my-layer/python/shared.py"
    assert modules.resolve("fn/app.py", "hidden") is None


def test_distribution_of_the_project_is_importable_everywhere(modules_of):
    setup = "from setuptools import setup\nsetup()\n"
    paths = dict.fromkeys(
        ("orders/app.py", "shared/ecom/db.py", "lib/src/core/x.py", "logs/setup.py", "logs/main.py"), ""
    )
    modules = modules_of({**paths, "shared/setup.py": setup, "lib/setup.py": setup})
    assert modules.resolve("orders/app.py", "ecom.db") == "shared/ecom/db.py"
    assert modules.resolve("orders/app.py", "core.x") == "lib/src/core/x.py"
    assert modules.dotted("lib/src/core/x.py") == "core.x"
    assert modules.dotted("logs/main.py") == "logs.main"


def test_name_of_several_parts_that_one_file_can_mean_is_found_anywhere(modules_of):
    files = "api/a/app.py layer/core/db/client.py layer/core/log.py one/x/y.py two/x/y.py tests/fakes/z.py lib/alone.py"
    modules = modules_of(files)
    assert modules.resolve("api/a/app.py", "core.db.client") == "layer/core/db/client.py"
    assert modules.import_name("api/a/app.py", "core", "log") == "layer/core/log.py"
    assert modules.resolve("api/a/app.py", "x.y") is None
    assert modules.resolve("api/a/app.py", "fakes.z") is None
    assert modules.resolve("api/a/app.py", "alone") is None
    assert modules.import_name("api/a/app.py", "lib", "alone") == "lib/alone.py"
    assert modules.resolve("layer/core/log.py", "core.log") is None


def test_file_in_the_folder_of_another_function_is_not_found_anywhere(modules_of):
    files = "a/app.py b/core/db.py c/lib/log.py"
    assert modules_of(files, roots=["a"]).resolve("a/app.py", "core.db") == "b/core/db.py"
    assert modules_of(files, roots=["a", "b"]).resolve("a/app.py", "core.db") is None


def test_setting_src_is_normalised(modules_of):
    modules = modules_of("app.py lib/core/x.py", shared=["./lib/"])
    assert modules.resolve("app.py", "core.x") == "lib/core/x.py"


def test_siblings_of_a_real_package_are_not_top_level_names(modules_of):
    texts = {
        "app.py": "import shop.cache",
        "redis.py": "",
        "shop/__init__.py": "",
        "shop/cache.py": "import redis",
        "shop/redis.py": "",
    }
    assert modules_of(texts).resolve("shop/cache.py", "redis") == "redis.py"
    relative = {"shop/a.py": "from . import b", "shop/b.py": "", "b.py": ""}
    assert modules_of(relative).resolve("shop/a.py", "b") == "b.py"


def test_siblings_of_a_real_package_are_the_last_resort(modules_of):
    modules = modules_of({"shop/a.py": "from . import c\nimport b", "shop/b.py": "", "shop/c.py": ""})
    assert modules.resolve("shop/a.py", "b") == "shop/b.py"


def test_folder_of_one_function_with_an_empty_init_is_a_root(modules_of):
    texts = {"fn/__init__.py": "", "fn/app.py": "import utils", "fn/utils.py": "", "tests/test_app.py": "import fn.app"}
    assert modules_of(texts).resolve("fn/app.py", "utils") == "fn/utils.py"


def test_module_does_not_import_itself(modules_of):
    modules = modules_of("shop/redis.py shop/__init__.py")
    assert modules.resolve("shop/redis.py", "redis") is None


def test_standard_library_is_shadowed_only_next_to_the_entry(modules_of):
    modules = modules_of("fn/app.py fn/json.py queue.py fn/deep/x.py")
    assert modules.resolve("fn/app.py", "json") == "fn/json.py"
    assert modules.resolve("fn/app.py", "queue") is None
    assert modules.resolve("fn/deep/x.py", "json") is None


def test_standard_library_is_shadowed_from_the_root_of_the_function(modules_of):
    modules = modules_of("fn/deep/x.py fn/json.py", roots=["fn"])
    assert modules.resolve("fn/deep/x.py", "json") == "fn/json.py"


def test_builtin_module_and_folder_without_init_never_shadow(modules_of):
    modules = modules_of("app.py time.py email/mine.py")
    assert modules.resolve("app.py", "time") is None
    assert modules.resolve("app.py", "email.mine") is None


def test_package_file_and_folder_without_init(modules_of):
    modules = modules_of("app.py pkg/__init__.py pkg/mod.py space/mod.py both.py both/__init__.py")
    assert modules.resolve("app.py", "pkg") == "pkg/__init__.py"
    assert modules.resolve("app.py", "pkg.mod") == "pkg/mod.py"
    assert modules.resolve("app.py", "space") is None
    assert modules.resolve("app.py", "space.mod") == "space/mod.py"
    assert modules.resolve("app.py", "both") == "both/__init__.py"
    assert modules.submodule("pkg/__init__.py", "mod") == "pkg/mod.py"
    assert modules.submodule("space", "mod") == "space/mod.py"
    assert modules.submodule("both.py", "mod") is None


@pytest.mark.parametrize(
    ("module", "level", "expected"),
    [
        ("c", 1, "a/b/c.py"),
        ("", 1, "a/b/__init__.py"),
        ("d", 2, "a/d.py"),
        ("b.c", 2, "a/b/c.py"),
        ("e", 3, "e.py"),
        ("e", 4, None),
        ("nothing", 1, None),
    ],
)
def test_relative(modules_of, module, level, expected):
    modules = modules_of("a/__init__.py a/d.py a/b/__init__.py a/b/c.py a/b/x.py e.py")
    assert modules.resolve("a/b/x.py", module, level) == expected


def test_import_name(modules_of):
    modules = modules_of(
        {
            "app.py": "",
            "pkg/__init__.py": "from .bound import bound",
            "pkg/bound.py": "bound = 1",
            "pkg/mod.py": "",
            "space/mod.py": "",
        }
    )
    assert modules.import_name("app.py", "pkg", "mod") == "pkg/mod.py"
    assert modules.import_name("app.py", "pkg", "bound") == ("pkg/__init__.py", "bound")
    assert modules.import_name("app.py", "pkg", "other") == ("pkg/__init__.py", "other")
    assert modules.import_name("app.py", "pkg.mod", "name") == ("pkg/mod.py", "name")
    assert modules.import_name("app.py", "space", "mod") == "space/mod.py"
    assert modules.import_name("pkg/__init__.py", "", "mod", 1) == "pkg/mod.py"
    assert modules.import_name("pkg/__init__.py", "", "bound", 1) == "pkg/bound.py"
    assert modules.import_name("space/mod.py", "", "nothing", 1) is None
    assert modules.import_name("app.py", "boto3", "client") is None


def test_module_names(modules_of):
    modules = modules_of("src/orders/app.py my-fn/pkg/__init__.py app.py", roots=["src/orders"])
    assert modules.dotted("src/orders/app.py") == "app"
    assert modules.dotted("my-fn/pkg/__init__.py") == "pkg"
    assert modules.dotted("app.py") == "app"
    assert modules.root_of("my-fn/pkg/__init__.py") == "my-fn"


def test_thousands_of_files_are_looked_up_at_once(modules_of):
    modules = modules_of(" ".join(f"d{number}/e/f/app.py" for number in range(3_000)))
    found = [modules.resolve(f"d{number}/e/f/app.py", f"lib{name}") for number in range(3_000) for name in range(5)]
    assert set(found) == {None}
