"""How OpenCV computes, so that every machine gets the same numbers from the same pixels."""

from __future__ import annotations

import cv2


def settle_opencv() -> None:
    """Have OpenCV use one thread and the code that every processor can run.

    By itself it takes, at run time, code for what the processor can do, whose sums differ in their
    last bits. Pictures are spread over the processors by us.
    """
    cv2.setNumThreads(1)
    cv2.setUseOptimized(False)
