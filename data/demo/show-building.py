#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Has a demo building read and shows it: buses, rounds, newest readings, events; then sums up.

Everything shown comes from nilometerctl --json. What the meters really count comes from the lab's
control socket, so that each value read can be compared with the truth of the moment.
"""
import argparse
import collections
import csv
import decimal
import gettext
import json
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unicodedata

_ = gettext.gettext

REDRAW_S = 1.0
PLAIN_S = 5.0  # between two lines where nobody looks at a terminal
STEP_ML = {"mbus": 1_000, "cjt188": 10_000}  # the last digit the demo's meters show
FLOW_MAX_ML_PER_S = 2_500_000 / 3600  # more than any flat can draw
JOURNAL_MAX_S = 8.0


def width(text):
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def pad(text, columns):
    """Text cut or filled to so many columns of a terminal, where a Chinese character takes two."""
    kept, used = [], 0
    for char in text:
        used += width(char)
        if used > columns:
            used -= width(char)
            break
        kept.append(char)
    return "".join(kept) + " " * (columns - used)


def table(titles, widths, rows):
    for cells in [titles, *rows]:
        yield "  ".join(pad(cell, columns) for cell, columns in zip(cells, widths)).rstrip()


def local_time(utc_us):
    return time.strftime("%H:%M:%S", time.localtime(utc_us / 1e6))


class Daemon:
    """nilometerctl, asked once or listened to."""

    def __init__(self, program):
        self.program = program
        self.heard = queue.Queue()
        self.watcher = None

    def ask(self, *words):
        answer = subprocess.run([self.program, "--json", *words], capture_output=True, text=True,
                                check=True, start_new_session=True)
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def listen(self):
        # a session of its own: Ctrl-C is ours to hear
        self.watcher = subprocess.Popen([self.program, "--json", "watch"], stdout=subprocess.PIPE,
                                        text=True, start_new_session=True)
        threading.Thread(target=self._pump, daemon=True).start()

    def _pump(self):
        for line in self.watcher.stdout:
            self.heard.put((time.time(), json.loads(line)))

    def close(self):
        if self.watcher:
            self.watcher.terminate()
            self.watcher.wait()


class Lab:
    """The hub's control socket: what the meters really count."""

    def __init__(self, path):
        self.path = path

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as hub:
            hub.settimeout(10)
            hub.connect(self.path)
            hub.sendall(line.encode() + b"\n")
            answer = hub.makefile().readline()
        return dict(pair.split("=", 1) for pair in answer.split())


class Building:
    """What was heard so far."""

    def __init__(self, daemon, lab):
        self.lab = lab
        self.meters = {meter["id"]: meter for meter in daemon.ask("list")}
        self.dead = {name for name in self.meters if lab.ask(f"truth {name}").get("dead") == "yes"}
        self.outcomes = {}  # of the last attempt, by meter
        self.ever_ok = set()
        self.round_done = collections.defaultdict(set)
        self.rounds = collections.Counter()
        self.round_begun = {}
        self.newest = collections.deque(maxlen=200)
        self.events = collections.deque(maxlen=20)
        self.checks = collections.Counter()
        self.checked = set()
        self.wrong = []

    def begin(self, daemon):
        """The schedule's first round may be minutes away."""
        for bus in sorted({meter["bus"] for meter in self.meters.values()}):
            daemon.ask("round", bus)

    def take(self, signal):
        if len(signal) == 3:
            self.take_report(*signal)
        else:
            self.events.append(signal)

    def take_report(self, name, outcome, report):
        meter = self.meters.get(name)
        if meter is None:
            return
        volume = next((reading for reading in report.get("readings", [])
                       if reading[0] == "volume"), None)
        self.outcomes[name] = outcome
        self.round_done[meter["bus"]].add(name)
        self.newest.append((report["taken-us"], name, outcome, volume))
        if outcome == "ok":
            self.ever_ok.add(name)
            if volume is not None:
                self.check(name, report["taken-us"], volume)

    def check(self, name, taken_us, volume):
        """A meter shows what it counted, cut to its last digit; water may have run since."""
        value, unit, flags = decimal.Decimal(volume[2]), volume[3], volume[4]
        truth = self.lab.ask(f"truth {name}")
        step_ml = STEP_ML[name.partition(":")[0]]
        since_s = max(0, int(truth["utc_us"]) - taken_us) / 1e6 + 2
        behind_ml = int(truth["volume_ml"]) - int(value * 1_000_000)
        self.checked.add(name)
        self.checks["values"] += 1
        if unit == "m3" and 0 <= behind_ml <= step_ml + since_s * FLOW_MAX_ML_PER_S:
            self.checks["right"] += 1
        elif "implausible" in flags or "invalid" in flags:
            self.checks["flagged"] += 1
        else:
            self.checks["wrong"] += 1
            self.wrong.append(f"{name}: {volume[2]} {unit}, {truth['volume_ml']} ml")

    def see_meters(self, meters):
        """What the daemon knows of each: reports from before we listened are in there, too."""
        for meter in meters:
            if meter.get("outcome"):
                self.outcomes[meter["id"]] = meter["outcome"]
            if meter.get("ok-us"):
                self.ever_ok.add(meter["id"])
                if meter["id"] not in self.checked:
                    value = str(decimal.Decimal(meter["volume-ml"]).scaleb(-6))
                    flags = "implausible" if meter["implausible"] else ""
                    self.check(meter["id"], meter["ok-us"], ["", 0, value, "m3", flags])

    def see_buses(self, buses):
        for bus in buses:
            begun = bus.get("LastRound", {}).get("begun-us")
            if begun is not None and begun != self.round_begun.get(bus["Name"]):
                self.round_begun[bus["Name"]] = begun
                self.rounds[bus["Name"]] += 1
                self.round_done[bus["Name"]].clear()

    def count_live(self):
        tried = [name for name in self.outcomes if name not in self.dead]
        return sum(1 for name in tried if name in self.ever_ok), len(tried)


class Screen:
    """Redraws a terminal, or prints a line now and then where there is none."""

    def __init__(self, end):
        self.terminal = sys.stdout.isatty()
        self.end = end
        self.begun = time.time()
        self.next_line = 0.0

    def open(self):
        if self.terminal:
            sys.stdout.write("\033[?1049h\033[?25l")

    def close(self):
        if self.terminal:
            sys.stdout.write("\033[?25h\033[?1049l")
        sys.stdout.flush()

    def draw(self, building, status):
        if self.terminal:
            size = shutil.get_terminal_size((100, 30))
            lines = self.compose(building, status, size.lines)
            text = "\033[K\n".join(pad(line, size.columns).rstrip() for line in lines)
            sys.stdout.write("\033[H" + text + "\033[K\033[J")
        elif time.time() >= self.next_line:
            self.next_line = time.time() + PLAIN_S
            print(self.describe(building, status))
        sys.stdout.flush()

    def describe(self, building, status):
        live_ok, live = building.count_live()
        parts = [_("%(bus)s %(done)d of %(meters)d") %
                 {"bus": bus["Name"], "done": len(building.round_done[bus["Name"]]),
                  "meters": bus["Meters"]} for bus in status["buses"]]
        return _("%(seconds)3d s: %(buses)s; %(ok)d of %(live)d live meters read") % {
            "seconds": time.time() - self.begun, "buses": ", ".join(parts), "ok": live_ok,
            "live": live}

    def compose(self, building, status, height):
        bus_rows = [self.compose_bus(building, bus) for bus in status["buses"]]
        live_ok, live = building.count_live()
        lines = [
            _("Nilometer demo: %(meters)d meters, %(dead)d of them dead; %(ok)d of %(live)d live "
              "ones read; values checked %(checked)d, wrong %(wrong)d") % {
                  "meters": len(building.meters), "dead": len(building.dead), "ok": live_ok,
                  "live": live, "checked": building.checks["values"],
                  "wrong": building.checks["wrong"]},
            self.say_end(), "",
            *table([_("BUS"), _("STATE"), _("SILENT"), _("THIS ROUND"), _("ROUNDS"),
                    _("LAST ROUND"), _("NOW")], [8, 9, 6, 30, 6, 22, 26], bus_rows), ""]
        events = [f"{local_time(event[3])}  {event[0]}  {event[1] or event[2]}  {event[4]}"
                  for event in building.events]
        n_events = min(len(events), 4)
        room = max(3, height - len(lines) - 2 - (n_events + 2))
        lines += table([_("TAKEN"), _("PLACE"), _("METER"), _("VOLUME"), _("OUTCOME")],
                       [8, 14, 26, 18, 14],
                       [self.compose_reading(building, *report)
                        for report in list(building.newest)[:-room - 1:-1]])
        if n_events:
            lines += ["", _("Events"), *events[-n_events:]]
        return lines[:height]

    def say_end(self):
        if not self.end:
            return _("Ctrl-C ends the demo with a summary")
        return _("%d s left; Ctrl-C ends the demo earlier") % max(0, self.end - time.time())

    @staticmethod
    def compose_bus(building, bus):
        done, total = len(building.round_done[bus["Name"]]), max(1, bus["Meters"])
        bar = "#" * (20 * min(done, total) // total)
        progress = f"[{bar:.<20}] {done}/{total}" if done or bus["Activity"] else "-"
        last = bus.get("LastRound", {})
        rounds = _("%(ok)d of %(due)d in %(seconds).1f s") % {
            "ok": last["ok"], "due": last["due"], "seconds": last["duration-us"] / 1e6
        } if "due" in last else "-"
        return [bus["Name"], bus["State"], str(bus["Probing"]), progress,
                str(building.rounds[bus["Name"]]), rounds, bus["Activity"]]

    @staticmethod
    def compose_reading(building, taken_us, name, outcome, volume):
        shown = f"{volume[2]} {volume[3]}" if volume else "-"
        if volume and "implausible" in volume[4]:
            shown += " ?"
        return [local_time(taken_us), building.meters[name]["place"], name, shown, outcome]


def count_stored(folder):
    """Reports in the mirror's files, and their batches: it gets only what the journal holds."""
    reports, batches = set(), set()
    for path in pathlib.Path(folder).glob("*.csv"):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                batches.add(row["batch"])
                reports.add((row["batch"], row["meter"], row["taken"]))
    return len(reports), len(batches)


def wait_for_journal(folder, wanted):
    """Until all that was heard of has gone through the journal."""
    end = time.time() + JOURNAL_MAX_S
    stored = count_stored(folder)
    while stored[0] < wanted and time.time() < end:
        time.sleep(0.3)
        stored = count_stored(folder)
    return stored


def sum_up(daemon, building, folder):
    status = daemon.ask("status")[0]
    announced = status["daemon"]["Sequence"]
    building.see_buses(status["buses"])
    building.see_meters(daemon.ask("list"))
    reports, batches = wait_for_journal(folder, announced)
    live_ok, live = building.count_live()
    print(_("Summary"))
    for bus in status["buses"]:
        state = Screen.compose_bus(building, bus)
        print("  " + _("%(bus)s: %(rounds)d rounds finished, the last %(last)s") % {
            "bus": bus["Name"], "rounds": building.rounds[bus["Name"]], "last": state[5]})
    print("  " + _("meters read: %(ok)d of %(meters)d (%(dead)d are dead, %(tried)d were "
                   "tried)") % {
        "ok": len(building.ever_ok), "meters": len(building.meters), "dead": len(building.dead),
        "tried": len(building.outcomes)})
    print("  " + _("live meters read: %(ok)d of %(live)d tried (%(percent).1f %%)") % {
        "ok": live_ok, "live": live, "percent": 100 * live_ok / max(1, live)})
    print("  " + _("reports in the journal: %(reports)d in %(batches)d batches, %(heard)d "
                   "announced on D-Bus") % {
        "reports": reports, "batches": batches, "heard": announced})
    print("  " + _("values checked against the truth: %(values)d, within tolerance %(right)d, "
                   "flagged %(flagged)d, wrong %(wrong)d") % {
        key: building.checks[key] for key in ("values", "right", "flagged", "wrong")})
    for line in building.wrong:
        print("    " + line)
    healthy = live_ok and reports >= announced and not building.checks["wrong"]
    return 0 if healthy else 1


def interrupted(number, frame):
    """The first one ends the picture; the summary is not to be torn by another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def show(daemon, building, screen):
    next_draw = 0.0
    while not screen.end or time.time() < screen.end:
        try:
            building.take(daemon.heard.get(timeout=max(0.05, next_draw - time.time()))[1])
        except queue.Empty:
            pass
        if time.time() >= next_draw:
            status = daemon.ask("status")[0]
            building.see_buses(status["buses"])
            screen.draw(building, status)
            next_draw = time.time() + REDRAW_S


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ctl", required=True, help="the program nilometerctl")
    parser.add_argument("--control", required=True, help="the lab's control socket")
    parser.add_argument("--csv", required=True, help="folder of the CSV mirror")
    parser.add_argument("--locale", help="folder of the translations")
    parser.add_argument("--seconds", type=int, default=0, help="end by itself, 0 for never")
    options = parser.parse_args()

    gettext.bindtextdomain("nilometer", options.locale)
    gettext.textdomain("nilometer")
    signal.signal(signal.SIGINT, interrupted)
    daemon = Daemon(options.ctl)
    screen = Screen(time.time() + options.seconds if options.seconds else None)
    daemon.listen()
    building = Building(daemon, Lab(options.control))
    building.begin(daemon)
    screen.open()
    try:
        show(daemon, building, screen)
    except KeyboardInterrupt:
        pass
    finally:
        screen.close()
    try:
        return sum_up(daemon, building, options.csv)
    finally:
        daemon.close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"show-building: {error.stderr.strip() or error}")
