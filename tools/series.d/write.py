#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes the series to build/series/. Started by tools/series, with a list of our files.

The hooks are patches already, in patches/. Our own files become patches by the files
beside this one: "order" says in which order, and each name in it is a file that describes
a patch, with these lines, an empty one, subject and message:

    files: GLOB...          our files, by their place in the kernel's tree
    rest: GLOB...           those which no other patch names
    hook: GLOB FILE...      these files of a patch of patches/, which thus is divided up
    symbols: NAME...        options that come with it; lines of Kconfig and Makefile that
                            are about those which come later are left out until then, so
                            that each patch builds
    toctree: FILE AFTER NEW a line in an index of the documentation
    maintainers: yes        the entry in MAINTAINERS

A star matches no slash. "cover" is the cover letter, with @WORDS@ to be replaced.
"MAINTAINERS" is our entry there; who is in its M: line signs off.

The series is made in a git tree that has only the files which it changes. Its files are
compared with ours at the end. Nothing depends on the time, or on anybody's settings: two
runs write the same.
"""

import fnmatch
import os
import re
import shutil
import subprocess
import sys

RULES = os.path.dirname(os.path.abspath(__file__))
ROOT = sys.argv[1]
BUILD = ROOT + "/build"
TREE = BUILD + "/linux"
WORK = BUILD + "/series.work"
OUT = BUILD + "/series"
MESSAGE_WIDTH = 75
PREFIX = "RFC PATCH"
# What is nowhere but in this repository may be mentioned only as that: in a paragraph
# that says "project's repository".
OURS = re.compile(r"(?<![\w/.-])(tests/(run|guest|kunit)\b|bench/|tools/(vm|kernel|check|series)\b"
                  r"|patches/|README\.md|make (test|bench|demo|check|perf-check|kernel)\b)")
OURS_SAID = re.compile(r"project's\s+(\S\s+)?repository")


def die(text):
    sys.exit("tools/series: " + text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def matches(path, glob):
    return path.count("/") == glob.count("/") and fnmatch.fnmatchcase(path, glob)


def plural(number, one):
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


class Patch:
    """A patch of our own files, as a file in tools/series.d describes it"""

    def __init__(self, name):
        path = f"{RULES}/{name}"
        if not os.path.isfile(path):
            die(f"order names '{name}', and there is no file tools/series.d/{name}")
        self.name = name
        self.files, self.rest, self.hook, self.hooked = [], [], [], []
        self.symbols, self.toctree, self.maintainers = [], [], []
        self.own = []           # places in the kernel's tree
        head, _, self.message = read(path).partition("\n\n")
        for line in head.splitlines():
            key, colon, value = line.partition(":")
            words = value.split()
            if not colon or key not in ("files", "rest", "hook", "symbols", "toctree",
                                        "maintainers") or not words:
                die(f"tools/series.d/{name} has a line that says nothing: '{line}'")
            if key == "toctree":
                if len(words) != 3:
                    die(f"tools/series.d/{name}: toctree takes FILE AFTER NEW, not '{value}'")
                words = [words]
            if key == "hook":
                if len(words) < 2:
                    die(f"tools/series.d/{name}: hook takes GLOB FILE..., not '{value}'")
                words = [(words[0], words[1:])]
            getattr(self, key).extend(words)
        self.subject = self.message.split("\n", 1)[0]
        if not self.message.strip() or not self.message.startswith(self.subject + "\n\n"):
            die(f"tools/series.d/{name} lacks a subject, an empty line and a message")
        for line in self.message.splitlines():
            if len(line) > MESSAGE_WIDTH:
                die(f"tools/series.d/{name}: a line of the message has {len(line)} characters, "
                    f"{MESSAGE_WIDTH} are the most: '{line}'")


class Hook:
    """A patch of patches/"""

    def __init__(self, name):
        self.name = name
        self.path = f"{ROOT}/patches/{name}"
        if not os.path.isfile(self.path):
            die(f"patches/series names {name}, and there is no such file")
        self.text = read(self.path)
        found = re.search(r"^Subject: (.*(?:\n .*)*)", self.text, re.M)
        if not found:
            die(f"patches/{name} has no subject, it is not in the form of git format-patch")
        self.subject = re.sub(r"^\[[^]]*\] ", "", found[1].replace("\n", ""))
        self.is_fix = not re.search(r"\bz?spm\b", self.subject)
        self.added = self.removed = 0
        self.files = re.findall(r"^\+\+\+ b/(\S+)", self.text, re.M)
        in_hunk = False
        for line in self.text.splitlines():
            if line.startswith("diff --git "):
                in_hunk = False
            elif line.startswith("@@"):
                in_hunk = True
            elif in_hunk and line != "-- ":
                self.added += line.startswith("+")
                self.removed += line.startswith("-")


class Series:
    def __init__(self):
        self.base, self.hooks = self.read_hooks()
        self.steps, self.left_out = self.read_order()
        self.patches = [step for step in self.steps if isinstance(step, Patch)]
        self.here = {}          # place in the kernel's tree -> path in the repository
        self.assign()
        self.entry = read(RULES + "/MAINTAINERS")
        self.identity = self.check_entry()
        self.check_words()

    # What there is, and what goes where

    @staticmethod
    def read_hooks():
        lines = read(ROOT + "/patches/series").splitlines()
        if not lines or not lines[0].startswith("# base: "):
            die("the first line of patches/series does not say '# base: PACKAGE VERSION'")
        names = [line.partition("#")[0].strip() for line in lines]
        hooks = [Hook(name) for name in names if name]
        fixes = [hook.is_fix for hook in hooks]
        if fixes != sorted(fixes, reverse=True):
            late = hooks[fixes.index(True, fixes.index(False))]
            die(f"patches/{late.name} has no spm in its subject, so it stands alone, but comes "
                "after one that has; move it up in patches/series, or name it for what it is")
        return lines[0][len("# base: "):], hooks

    @staticmethod
    def read_order():
        steps, left_out = [], []
        for line in read(RULES + "/order").splitlines():
            line = line.partition("#")[0].strip()
            if line.startswith("heading:"):
                steps.append(("heading", line.partition(":")[2].strip()))
            elif line.startswith("left-out:"):
                left_out += line.split()[1:]
            elif line.startswith("@"):
                if line not in ("@fixes", "@hooks"):
                    die(f"order says '{line}'; only @fixes and @hooks are known")
                steps.append(line)
            elif line:
                steps.append(Patch(line))
        for word in ("@fixes", "@hooks"):
            if steps.count(word) != 1:
                die(f"order says {word} {steps.count(word)} times, not once")
        return steps, left_out

    def assign(self):
        """Each file to one patch, or die"""
        for line in sys.stdin:
            here, there = line.split()
            if not any(matches(there, glob) for glob in self.left_out):
                self.here[there] = here
        owner = {}
        for patch in self.patches:
            for glob in patch.files:
                found = [there for there in self.here if matches(there, glob)]
                if not found:
                    print(f"note: tools/series.d/{patch.name} names {glob}, and there is no such "
                          "file of ours any more", file=sys.stderr)
                for there in found:
                    if there in owner:
                        die(f"{there} is in two patches, tools/series.d/{owner[there].name} and "
                            f"{patch.name}; take it out of one of them")
                    owner[there] = patch
        for there in self.here:
            if there in owner:
                continue
            takers = [patch for patch in self.patches
                      if any(matches(there, glob) for glob in patch.rest)]
            if len(takers) != 1:
                names = " and ".join(patch.name for patch in takers)
                die(f"{self.here[there]}, in the kernel {there}, is in " +
                    (f"the rest of two patches, {names}" if takers else "no patch") +
                    "; name it in a files: line in tools/series.d, or as left-out: in "
                    "tools/series.d/order")
            owner[there] = takers[0]
        for there, patch in owner.items():
            patch.own.append(there)
        self.assign_hooks()
        for patch in self.patches:
            patch.own.sort()
            if not (patch.own or patch.hooked or patch.toctree or patch.maintainers):
                die(f"tools/series.d/{patch.name} has no file any more; take it out of "
                    "tools/series.d/order")
        self.check_symbols()

    def assign_hooks(self):
        self.divided = {}       # name of a hook that is divided up -> its files that are taken
        for patch in self.patches:
            for glob, files in patch.hook:
                found = [hook for hook in self.hooks if matches(hook.name, glob)]
                if len(found) != 1:
                    die(f"tools/series.d/{patch.name} names the hook {glob}, which are "
                        f"{len(found)} patches in patches/series, not one")
                for file in files:
                    if file not in found[0].files:
                        die(f"tools/series.d/{patch.name} takes {file} from patches/"
                            f"{found[0].name}, which does not change it")
                self.divided.setdefault(found[0].name, set()).update(files)
                patch.hooked += files
        for hook in self.hooks:
            left = set(hook.files) - self.divided.get(hook.name, set(hook.files))
            if left:
                die(f"patches/{hook.name} is divided up in tools/series.d, but {min(left)} of it "
                    "is in no patch; add it to a hook: line there")

    def check_symbols(self):
        text = "".join(read(f"{ROOT}/{here}") for there, here in self.here.items()
                       if there.endswith("/Kconfig"))
        known = set(re.findall(r"^(?:menu)?config (\w+)$", text, re.M))
        for patch in self.patches:
            for symbol in patch.symbols:
                if symbol not in known:
                    die(f"tools/series.d/{patch.name} names the option {symbol}, which no Kconfig "
                        "file of ours has")

    def check_entry(self):
        """MAINTAINERS must cover all of our files"""
        found = re.search(r"^M:\t(.+ <.+@.+>)$", self.entry, re.M)
        if not found:
            die("tools/series.d/MAINTAINERS has no line 'M:<tab>NAME <ADDRESS>'")
        globs = re.findall(r"^F:\t(\S+)$", self.entry, re.M)
        for there in self.here:
            if not any(there.startswith(glob) if glob.endswith("/") else matches(there, glob)
                       for glob in globs):
                die(f"no F: line in tools/series.d/MAINTAINERS covers {there}")
        for glob in globs:
            if not any(there.startswith(glob) if glob.endswith("/") else matches(there, glob)
                       for there in self.here):
                die(f"tools/series.d/MAINTAINERS has F: {glob}, and no file of ours is like that")
        return found[1]

    def check_words(self):
        """What is only in this repository must not mislead who reads the kernel's tree"""
        texts = [(here, read(f"{ROOT}/{here}")) for here in self.here.values()]
        texts += [("patches/" + hook.name, hook.text) for hook in self.hooks]
        texts += [("tools/series.d/" + name, read(f"{RULES}/{name}"))
                  for name in ["cover"] + [patch.name for patch in self.patches]]
        for name, text in texts:
            for part in re.split(r"\n\s*\n", text):
                found = OURS.search(part)
                if found and not OURS_SAID.search(part):
                    line = text[:text.index(part) + found.start()].count("\n") + 1
                    die(f"{name}:{line} mentions '{found[0].strip()}', which is not in the kernel's "
                        "tree; say in the same paragraph that it is in the project's repository")

    def list(self):
        for step in self.steps:
            if isinstance(step, Patch):
                print(f"{step.name}: {step.subject}")
                for there in step.hooked + step.own:
                    print(f"\t{there}")
            elif step in ("@fixes", "@hooks"):
                for hook in self.of(step):
                    print(f"patches/{hook.name}")

    def of(self, step):
        """The hooks that are patches of their own"""
        return [hook for hook in self.hooks
                if hook.is_fix == (step == "@fixes") and hook.name not in self.divided]

    # Making it

    def git(self, *words, date=None, text=None):
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        name, address = re.match(r"(.+) <(.+)>", self.identity).groups()
        env.update(GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C", TZ="UTC",
                   GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=address,
                   GIT_COMMITTER_NAME=name, GIT_COMMITTER_EMAIL=address)
        if date:
            env.update(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        done = subprocess.run(["git", *words], cwd=WORK, env=env, input=text,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            die(f"git {' '.join(words)} failed in {WORK}: {done.stderr.strip()}"
                f"{done.stdout.strip()}")
        return done.stdout.strip()

    def date(self, *paths):
        """When files of the repository were last changed in it"""
        for where in (["--", *paths], []):
            done = subprocess.run(["git", "log", "-1", "--format=%aI", *where], cwd=ROOT,
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                die(f"git log failed in {ROOT}, which gives the patches their dates: "
                    f"{done.stderr.strip()}")
            if done.stdout.strip():
                break
        return done.stdout.strip()

    def start(self):
        """The originals of all files that are changed"""
        shutil.rmtree(WORK, ignore_errors=True)
        touched = {file for hook in self.hooks for file in hook.files}
        touched.update(line[0] for patch in self.patches for line in patch.toctree)
        touched.add("MAINTAINERS")
        for file in sorted(touched):
            for place in (f"{BUILD}/pristine/{file}", f"{TREE}/{file}"):
                if os.path.isfile(place):
                    break
            else:
                die(f"a patch changes {file}, which {TREE} does not have")
            os.makedirs(os.path.dirname(f"{WORK}/{file}"), exist_ok=True)
            shutil.copyfile(place, f"{WORK}/{file}")
        self.git("init", "-q", "-b", "series")
        self.git("config", "core.abbrev", "12")
        # As the kernel's .gitattributes has it; and "=======" below a title is no conflict.
        write(f"{WORK}/.git/info/attributes", "*.c diff=cpp\n*.h diff=cpp\n"
              "*.rst conflict-marker-size=100\n")
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "-m", self.base, date=self.date())
        self.git("tag", "base")

    def am(self, hook):
        self.git("am", "-q", "-s", "--whitespace=error-all", "--committer-date-is-author-date",
                 hook.path)

    def without(self, text, there, later):
        """A Kconfig file or Makefile, less what is about options that come later"""
        lines, skip = [], False
        for line in text.splitlines(keepends=True):
            if there.endswith("/Kconfig"):
                found = re.match(r"(?:menu)?config (\w+)$|\S", line)
                if found and not line.startswith("#"):
                    skip = found[1] in later
            else:
                skip = any(re.search(rf"\bCONFIG_{name}\b", line) or
                           line.startswith(name.lower() + "-") for name in later)
            if not skip:
                lines.append(line)
        # What was left out may have been the end.
        return "".join(lines).rstrip("\n") + "\n"

    def commit(self, patch, done, later):
        """Our files, the hooks that go with them, an index entry, as a patch"""
        for there in patch.own:
            os.makedirs(os.path.dirname(f"{WORK}/{there}"), exist_ok=True)
            shutil.copyfile(f"{ROOT}/{self.here[there]}", f"{WORK}/{there}")
            # Modes are those of the kernel's tree, where nothing of ours is a program.
            os.chmod(f"{WORK}/{there}", 0o644)
        for there in patch.hooked:
            shutil.copyfile(f"{TREE}/{there}", f"{WORK}/{there}")
        done += patch.own + patch.hooked
        for there in done:
            if there.rpartition("/")[2] in ("Kconfig", "Makefile"):
                text = read(f"{ROOT}/{self.here[there]}" if there in self.here else
                            f"{TREE}/{there}")
                write(f"{WORK}/{there}", self.without(text, there, later))
        for file, after, new in patch.toctree:
            text = read(f"{WORK}/{file}")
            line = f"\n   {after}\n"
            if text.count(line) != 1:
                die(f"tools/series.d/{patch.name} puts {new} after {after} in {file}, which has "
                    f"{text.count(line)} such lines, not one")
            write(f"{WORK}/{file}", text.replace(line, f"{line}   {new}\n"))
        if patch.maintainers:
            self.add_entry()
        self.git("add", "-A", "-f")
        self.git("diff", "--cached", "--check")
        paths = [self.here[there] for there in patch.own]
        self.git("commit", "-q", "-s", "-F", "-", text=patch.message,
                 date=self.date(*paths, f"tools/series.d/{patch.name}"))

    def add_entry(self):
        """Before the first title that ours comes before, where the order is right"""
        lines = read(f"{WORK}/MAINTAINERS").splitlines(keepends=True)
        title = self.entry.splitlines()[0].upper()
        last = ""
        for number in range(len(lines) - 1):
            if re.match(r"[A-Z]:\t", lines[number]) or not re.match(r"[A-Z]:\t", lines[number + 1]):
                continue
            if last and last < title < lines[number].upper():
                lines.insert(number, self.entry.strip() + "\n\n")
                write(f"{WORK}/MAINTAINERS", "".join(lines))
                return
            last = lines[number].upper()
        die("MAINTAINERS is not as expected, there is no place between two titles for "
            f"'{title}'")

    def make(self):
        """Sets self.contents, lines of the cover letter that say what is in which patch"""
        self.start()
        done, number, heading = [], 0, None
        self.contents = []
        later = [name for patch in self.patches for name in patch.symbols]
        for step in self.steps + [("heading", None)]:
            if step in ("@fixes", "@hooks"):
                for hook in self.of(step):
                    self.am(hook)
                number += len(self.of(step))
            elif isinstance(step, Patch):
                later = [name for name in later if name not in step.symbols]
                self.commit(step, done, later)
                number += 1
            else:
                if heading and number >= first:
                    numbers = f"{first}-{number}" if number > first else str(first)
                    self.contents.append(f"  {numbers:>5}  {heading}")
                heading, first = step[1], number + 1
        self.verify()

    def verify(self):
        """The tree must be what we have, and what the hooks make of the kernel"""
        pairs = [(there, f"{ROOT}/{here}") for there, here in self.here.items()]
        pairs += [(file, f"{TREE}/{file}") for hook in self.hooks for file in hook.files]
        for there, place in pairs:
            if read(f"{WORK}/{there}") != read(place):
                die(f"{there} comes out of the series different from {place}; this is a fault of "
                    "tools/series.d/write.py")

    # Writing it

    def cover(self):
        def total(hooks, what):
            return sum(getattr(hook, what) for hook in hooks)

        def lines(prefix=""):
            return sum(read(f"{ROOT}/{here}").count("\n") for there, here in self.here.items()
                       if re.match(prefix, there))

        fixes = [hook for hook in self.hooks if hook.is_fix]
        hooks = [hook for hook in self.hooks if not hook.is_fix]
        words = {
            "base": self.base, "contents": "\n".join(self.contents),
            "fixes": len(fixes), "hooks": len(hooks),
            "fix_added": total(fixes, "added"), "fix_removed": total(fixes, "removed"),
            "hook_added": total(hooks, "added"), "hook_removed": total(hooks, "removed"),
            "hook_files": len({file for hook in hooks for file in hook.files}),
            "own_files": len(self.here), "own_lines": lines(),
            "test_lines": lines(".*/tests/"), "doc_lines": lines("Documentation/"),
        }

        def word(found):
            if found[1] not in words:
                die(f"tools/series.d/cover has @{found[1]}@, and knows only "
                    f"@{'@, @'.join(words)}@")
            return str(words[found[1]])

        text = re.sub(r"@(\w+)@", word, read(RULES + "/cover"))
        for line in text.splitlines()[1:]:
            if len(line) > MESSAGE_WIDTH:
                die(f"tools/series.d/cover: a line has {len(line)} characters, {MESSAGE_WIDTH} are "
                    f"the most: '{line}'")
        return text

    def write(self):
        new = OUT + ".new"
        shutil.rmtree(new, ignore_errors=True)
        self.git("config", "branch.series.description", self.cover())
        self.git("format-patch", "-q", "-n", "--cover-letter", "--zero-commit",
                 "--no-signature", "--no-thread", "--cover-from-description=subject",
                 f"--subject-prefix={PREFIX}", "-o", new, "base..", date=self.date())
        shutil.rmtree(OUT, ignore_errors=True)
        os.rename(new, OUT)
        shutil.rmtree(WORK)
        count = len(os.listdir(OUT)) - 1
        print(f"{OUT}: {plural(count, 'patch').replace('patchs', 'patches')} and a cover letter, "
              f"for {self.base}")


def main():
    series = Series()
    if sys.argv[2:] == ["--list"]:
        series.list()
        return
    series.make()
    series.write()


main()
