"""The form of a row: what one library function, class or object does, as data.

A row is a TOML table named by the dotted name by which Python finds the thing (``["threading.Thread.start"]``); methods
stand under their class, inherited ones under the class that defines them. A row says what the function *does*, never
which rule fires. Keys that name an argument use the parameter names of ``params``; ``self`` is the receiver, ``result``
the new object that the call returns. A *term* is such a name and any number of fields: ``.name``, ``[]`` (any element),
``[0]``, ``[key]`` (the element under the constant that the parameter ``key`` is given, any element where it is not one)
and, for arguments alone, ``[*]`` (all elements, one after the other): ``self``, ``self[]``, ``result.target``,
``args[*]``. Joined by `` & ``, terms stand for a new argument that is made from all of them.

A row for a property says what binding it does; its one parameter is the value. A name in angle brackets stands for a
class that has no public one: ``httpx.<stream>``.

An unknown key, a wrong type or an unknown term is an error that names file and row.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from leaklint.ir.cfg import ConstantValue

Term = str
MADE_FROM: Final = " & "
"""Joins the terms of what an argument is made from."""
Given = dict[str, ConstantValue | list[ConstantValue]]
"""Arguments and the constant, or the constants, that they are compared with."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """When a part of a row applies; all that is given must hold."""

    if_given: list[str] = []
    """Applies where all of these arguments are given (and are not the constant None)."""
    unless_given: list[str] = []
    """Applies where none of these arguments is given."""
    when: Given = {}
    """Applies where these arguments are these constants (an argument that is not given never matches)."""
    matches: dict[str, str] = {}
    """Applies where these arguments are constant texts in which these regular expressions find something."""
    unless: Given = {}
    """Does not apply where one of these arguments is such a constant."""


class Variant(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The class of the new object for some arguments."""

    type: str


class Opens(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The call opens work that something has to settle before the invocation ends."""

    work: Literal[
        "task", "thread", "timer", "future", "process", "file", "library context", "token", "buffer", "siblings"
    ]
    held_by: Term = "result"
    """What has to be waited for, closed or flushed."""
    runs: Term = ""
    """The callable or coroutine that runs as this work."""
    arguments: list[Term] | None = None
    """What the callable is called with."""
    context_follows: bool = True
    temporary: bool = False
    """For files: it lies in the folder for temporary files, under a new name, whatever the arguments say."""
    new_name: bool = False
    """For files: it has a new name each time, in the folder that the arguments say."""
    outcome: Literal["", "resumes-later", "runs-on", "lost", "unknown"] = ""
    unless_there: bool = False
    """For files: nothing is made where there is one of this name already."""
    context: str = ""
    """Name of the library context, for ``library context``: settled by rows with the same name."""
    ends_with_context: bool = False
    """For ``library context``: it lies in a context variable, and goes with the context in which it is put there."""
    by_hand: bool = False
    """For buffers: nothing in the background sends what is in it."""
    only_with: list[str] = []
    """Last names of which the project has to import one: without it, the call sends at once or does nothing."""
    keeps_context: bool = False
    """What the callable does to context variables is still there for what runs later on the same receiver."""
    in_context: Term | None = None
    """The context in which it runs, where the call is given one."""
    until_loop: bool = False
    """It is done as soon as its loop runs."""
    until_run: bool = False
    """``asyncio.run`` waits for it before it returns."""
    instead: str = ""
    """What to call instead, or in addition, as the message says it."""
    cure: str = ""
    """The call that settles it, for the fix: ``self.flush()``, ``structlog.contextvars.clear_contextvars()``."""


class Settles(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The call settles work: waits for it, closes it, flushes it."""

    of: Term = "self"
    work: list[str] = []
    """Kinds of work that it settles; all where empty."""
    uncertain_if_given: list[str] = []
    """With one of these arguments it may not hold (``join(timeout=…)``)."""
    raises_if_given: list[str] = []
    """With one of these arguments it raises where it does not hold (``result(timeout=…)``)."""
    goes_on: bool = False
    """Where a timeout around it ends the waiting, the work goes on."""
    certain: bool = True
    """False where it never does more than ask the work to end (``terminate``)."""
    cancels: bool = False
    """It is cancelled: a task among others is done only when somebody waits for it then."""
    loses: bool = False
    """It is ended, whether it is done or not: what nobody has waited for is lost."""
    contents: bool = False
    """For files: the folder goes with all that is in it."""
    context: str = ""


class Invokes(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The call calls a callable (or drives a coroutine) that it was given."""

    callable: Term
    arguments: list[Term] | None = None
    """What it is called with; left out where that is not known."""
    moment: Literal["now", "loop", "work", "later", "startup"] = "now"
    loop: Literal["", "run", "open"] = ""
    context_follows: bool = True
    keeps_context: bool = False
    """What the coroutine does to context variables is still there after the call (``asyncio.Runner.run``)."""
    copies_context: bool = False
    """It runs in a copy of the context, as a task does: what it sets is not there for the caller."""
    in_context: Term | None = None
    """The context in which it runs, where the call is given one."""
    through: str = ""
    """The method of the receiver that hands the callable over: a subclass that overrides it, does it in its own way."""
    result: Literal["", "returns", "elements"] = ""
    raises_if_given: list[str] = []
    """With one of these arguments it ends what the callable waits for at some time, and raises."""


class Defers(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """A callable is handed over to be called later (LK3xx and LK403)."""

    callable: Term
    api: Literal["callback-api", "done-callback"]
    held_by: Term = ""
    """What has to be waited for, so that the callable has been called."""
    instead: str = ""
    gives: str = ""
    """The call that waits and gives what the callable would be given, for fixes: ``self.result()``."""


class Process(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """The call changes state of the process or of a library that every later invocation shares."""

    state: str
    """Dotted name of the state; calls that set the same state can put it back."""
    key: Term = ""
    """Which part of the state is meant, such as a variable of the environment."""
    how: Literal["set", "grow", "shrink", "clear", "delete"] = "set"
    value: list[Term] = []
    """Where the new value comes from; none where it is a constant."""
    duplicates: bool = True
    """False where doing it again, with nothing of the request, changes nothing that matters."""
    unique: bool = False
    """An object that is there already is not added once more."""


class Changes(Condition, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """An object is changed in place where the arguments say so (``inplace=True``)."""

    of: Term = "self"
    how: Literal["grow", "shrink", "clear", "set", "delete", "reorder"] = "set"
    value: list[Term] = []
    """What is kept in the object."""
    unique: bool = False
    """An object that is there already is not added once more."""
    state: str = ""
    """Dotted name of the state of the process that this changes, unless the object goes with the invocation."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """What a library's function, class or object does; see the module."""

    # what it is
    class_: bool = msgspec.field(default=False, name="class")
    """A class whose name does not start with a capital letter."""
    bases: list[str] = []
    alias_of: str = ""
    """Another name for the row of that name."""
    instance_of: str = ""
    """A module-level object of this class (``sys.path``)."""
    per_request: bool = False
    """For such objects: it stands for another one in each request (``flask.g``). For an attribute of a class
    (``crhelper.CfnResource.Data``): the library binds it anew before each. For a class: what is in its objects does, or
    with ``current`` they themselves (``werkzeug.local.LocalProxy``)."""
    request_data: bool = False
    """For such objects, and for classes: what they hold is request data (``flask.request``)."""
    attributes: dict[str, str] = {}
    """For classes: the types of attributes."""
    decorators: list[str] = []
    """Decorators in a class or module, with or without arguments, after which a coroutine function is still one."""
    coroutines: list[str] = []
    """For classes and modules: the coroutine functions in it that do nothing else worth saying."""
    outside: list[str] = []
    """For classes and modules: the functions in it, or below it, that ask the outside world; ``*`` for all (LK105)."""
    writes_down: list[str] = []
    """For classes and modules: the functions in it, or below it, that write down what they are given, as loggers do:
    an id of the process is welcome there (LK106); ``*`` for all."""
    loop_bound: Literal["", "client", "primitive"] = ""
    """For classes: objects belong to one event loop (LK210)."""
    on_loop_of: list[Term] = []
    """What lies there is used on the loop of the caller, and belongs to one if its class is ``loop_bound`` (LK210)."""
    iterator: bool = False
    """For classes: iterating over an object uses it up (LK109)."""
    closeable: bool = False
    """For classes: leaving ``with object:`` closes it, as rows for ``__exit__`` and ``__aexit__`` would say."""
    ended_by: dict[str, Literal["true", "false", "some"]] = {}
    """For classes: attributes that say that the work of an object has ended, and what they are then."""
    times_out: bool = False
    """For context managers: what is awaited within them is given up at some time, and an exception is raised."""
    bounded_by: list[str] = []
    """For containers: constructor arguments that bound the size or the age of what is kept."""
    begins_with: list[str] = []
    """For classes: the attribute with the callable that runs first, once and in the same context, wherever an object
    runs something, and the attribute with its arguments."""
    always_bounded: bool = False
    weak: bool = False
    """For containers: what is put there lives only as long as somebody else keeps it."""
    duration: bool = False
    """For classes: a length of time; a moment less a length of time is another moment (LK106)."""
    copies_defaults: bool = False
    """For base classes: each object gets a copy of what the class says of its annotated attributes."""
    checked_by: list[str] = []
    """For base classes: decorators, by their last names, whose methods are called with what an object is made of."""
    builds: bool = False
    """For class methods of such base classes: it makes an object of the class out of the first argument."""
    # how it is called
    params: list[str] | None = None
    """Parameter names in order, without ``self``; ``*rest`` and ``**rest`` take what is left."""
    static: bool = False
    """A function in a class that takes no ``self``."""
    around: bool = False
    """A decorator that is called in the place of what it decorates, and is given that first."""
    coroutine: bool = False
    """The call gives a coroutine; ``type`` and ``returns`` are what awaiting it gives."""
    # what it gives
    type: str = ""
    """Class of the new object that is returned (for a class: itself)."""
    types: list[Variant] = []
    """Where it depends on the arguments: the first one that applies, ``type`` where none does."""
    elements: str = ""
    """Class of the elements of the new object."""
    parts: dict[str, str] = {}
    """Classes of what is in the fields of the new object: ``{"[0]" = "asyncio.StreamReader"}``, ``{".result" = …}``."""
    returns: list[Term] = []
    """Existing objects that it returns."""
    none_without: str = ""
    """Where this argument is not given, and nobody knows that something is there, the result may be None."""
    copies: list[Term] = []
    """The new object holds the elements of these."""
    awaited: list[Term] = []
    """For classes: what awaiting an object gives."""
    request: bool = True
    """The result carries the request data of its arguments."""
    safe: bool = False
    """The call raises nothing that anybody would catch."""
    never_returns: bool = False
    """The process ends with the call, or becomes another one; where it is not safe, it may raise instead."""
    constant: bool = False
    """The same result in every invocation."""
    handle: bool = False
    """The result is a new client or connection: making it asks nothing of the outside world."""
    current: str = ""
    """The result is no new object, but the one of ``type`` that this piece of the state of the process is; with
    ``per-request``, what stands for another one in each request."""
    tells_file: Term = ""
    """The result is false where there is no file under this name (``os.path.exists``)."""
    lists: Term = ""
    """The result holds only what matches this pattern (``Path.glob``)."""
    tells_folder: Term = ""
    """The result is true where a folder is under this name, and no file (``os.path.isdir``)."""
    shell: str = ""
    """The parameter that holds a command, as a text or as its words: what ``rm`` removes is removed."""
    reads: list[str] = []
    """State of the process that the result tells (``os.getcwd``): what sets it to the result puts it back."""
    snapshot: Literal["", "clock", "id", "random"] = ""
    """A new value for each call, which goes stale when taken at import (LK106)."""
    snapshot_unless_given: list[str] = []
    """With one of these arguments it is none."""
    # what it does
    mutates: dict[Term, Literal["grow", "shrink", "clear", "set", "set-missing", "delete", "reorder"]] = {}
    changes: list[Changes] = []
    key: str = ""
    """The argument that is the key of the element that is set."""
    stores: dict[Term, list[Term]] = {}
    """Objects that keep other objects: ``{"self[]" = ["item"]}``."""
    pairs: list[str] = []
    """Arguments that are a dictionary, or pairs that make one."""
    overrides: list[str] = []
    """Arguments whose elements take, under their own keys, the place of what is kept under the same keys."""
    opens: list[Opens] = []
    settles: list[Settles] = []
    invokes: list[Invokes] = []
    defers: list[Defers] = []
    process: list[Process] = []
    unsets: list[str] = []
    """State of the process that is not there any more after the call (``asyncio.run`` leaves no current loop)."""
    sets: list[str] = []
    """State of the process that is there after the call, whatever was before."""
    needs: list[str] = []
    """State of the process without which the call fails."""
    restores: list[str] = []
    """State of the process that the call puts back to what it was."""
    closes: list[Term] = []
    ended_when: Literal["", "true", "false", "some"] = ""
    """What the result has to be (``some`` for not None) to say that the receiver's work has ended."""
    ended_of: Term = "self"
    """What has ended then, where it is not the receiver's own."""
    ended_each: Term = ""
    """What holds the answers of several receivers: the result says of all of them what each answer says of its own."""
    empty_when: Literal["", "true", "false"] = ""
    """What the result has to be to say that nothing is in what ``empty_of`` denotes."""
    empty_of: Term = "self"
    empty_state: str = ""
    """The state of the process of which ``empty_when`` speaks, where it is no object that the call is given."""
    wakes: Term = ""
    """What somebody may wait for until this is called: a timer that calls it has fired then."""
    heeds: list[Term] = []
    """What is looked at to learn whether to go on: a thread that heeds an event is stopped by ``settles`` of it."""
    consumes: list[Term] = []
    """What is iterated over: used up where it is an iterator."""
    drains: list[Term] = []
    """What is walked through to its end before the call returns."""
    drained: list[Settles] = []
    """For classes: what somebody who walks through an object to its end has waited for."""
    registers: str = ""
    """The receiver keeps one more entry at every call (``add_handler``): the name of what is registered."""
    cached: list[str] | None = None
    """A caching decorator: the arguments that bound it (``maxsize``); ``always_bounded`` where it is bounded without
    them too, as long as they are not None."""
