"""Headless Chromium through its DevTools protocol, over a pipe: no driver, no port."""

import base64
import io
import json
import os
import selectors
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu-sandbox", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--remote-debugging-pipe",
)  # fmt: skip
TROUBLE = {"error", "warning", "assert"}


def find_chromium() -> str | None:
    """Give the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in one browser."""

    def __init__(self, program: str, profile: Path) -> None:
        self._answers, self._incoming = os.pipe()
        self._outgoing, self._requests = os.pipe()
        command = " ".join([
            f'exec "{program}"', *FLAGS, f'--user-data-dir="{profile}"', "about:blank",
            f"3<&{self._outgoing}", f"4>&{self._incoming}",
        ])  # fmt: skip
        self.process = subprocess.Popen(
            ["bash", "-c", command], pass_fds=(self._outgoing, self._incoming),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(self._outgoing)
        os.close(self._incoming)
        self._buffer, self._number, self.trouble = b"", 0, []
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._answers, selectors.EVENT_READ)
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters):
        """Send a command and give its answer; console trouble on the way is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read(30)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def open(self, path: Path, width: int = 1400, height: int = 1000, scheme: str = "light"):
        """Load a file in a window of that size and wait until it is there."""
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=phone,
        )  # fmt: skip
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])
        self.trouble.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait(f"location.href === {path.as_uri()!r} && document.readyState === 'complete'")

    def run(self, script: str):
        """Give the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str, seconds: float = 20) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, f"waited {seconds} s for {condition}"
            time.sleep(0.05)

    def picture(self, selector: str) -> np.ndarray:
        """Give a picture of an element, (height, width, 3) uint8."""
        box = self.run(
            f"(() => {{ const b = document.querySelector({selector!r}).getBoundingClientRect();"
            " return [b.x + scrollX, b.y + scrollY, b.width, b.height]; })()"
        )
        clip = dict(zip(("x", "y", "width", "height"), box, strict=True)) | {"scale": 1}
        data = self.call("Page.captureScreenshot", format="png", clip=clip)["data"]
        return np.array(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.call("Browser.close")
        self.process.wait(timeout=20)
        self._ready.close()
        os.close(self._answers)
        os.close(self._requests)

    def _read(self, seconds: float) -> dict:
        """Read one message."""
        while b"\0" not in self._buffer:
            assert self._ready.select(seconds), "the browser does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        event = json.loads(message)
        parameters = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.trouble.append(str(parameters["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and parameters["type"] in TROUBLE:
            self.trouble.append(str(parameters["args"]))
        elif event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] in TROUBLE:
            self.trouble.append(str(parameters["entry"]))
        return event
