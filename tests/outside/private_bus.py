"""A private session bus with gnome-keyring on it, without a desktop. Its files are below the world's HOME."""

import os
import signal
import subprocess

PASSWORD = "of the keyring\n"


class Keyring:
    """dbus-daemon and gnome-keyring-daemon, for the programs that run in `world` from now on."""

    def __init__(self, world, dbus_daemon, keyring_daemon, unlocked=True):
        self.world = world
        runtime = world.home / "run"
        runtime.mkdir(mode=0o700)
        socket = runtime / "bus"
        config = runtime / "bus.conf"
        # No service is started by being called: only what a test starts is on the bus.
        config.write_text(
            "<busconfig><type>session</type>"
            f"<listen>unix:path={socket}</listen><auth>EXTERNAL</auth>"
            "<policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>"
            "<allow own='*'/></policy></busconfig>"
        )
        self._bus = subprocess.Popen(
            [dbus_daemon, f"--config-file={config}", "--nofork", "--print-address"],
            env=world.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        world.env["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        world.env["XDG_RUNTIME_DIR"] = str(runtime)
        self._daemon = None
        if keyring_daemon:
            self.start(keyring_daemon, unlocked)

    def start(self, daemon, unlocked=True):
        how = ["--unlock"] if unlocked else []
        self._daemon = subprocess.Popen(
            [daemon, "--foreground", "--components=secrets", *how],
            env=self.world.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )
        self._daemon.stdin.write(PASSWORD if unlocked else "")
        self._daemon.stdin.close()
        self.wait()

    def wait(self):
        """Waits until the keyring has its name on the bus."""
        self.world.succeed(
            "dbus-send", "--session", "--print-reply", "--reply-timeout=20000", "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus", "org.freedesktop.DBus.GetNameOwner", "string:org.freedesktop.DBus",
        )
        for _ in range(200):
            asked = self.world.run(
                "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus",
                "org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets",
            )
            if "true" in asked.stdout:
                return
        raise AssertionError("gnome-keyring-daemon did not come up")

    def hang(self):
        """Stops the keyring, so that it answers nothing."""
        os.kill(self._daemon.pid, signal.SIGSTOP)

    def end_daemon(self):
        if self._daemon:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None

    def stop(self):
        self.end_daemon()
        self._bus.kill()
        self._bus.wait()
