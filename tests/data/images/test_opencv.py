"""OpenCV runs the same code everywhere."""

import cv2

from dermaflow.data.images.opencv import settle_opencv


def test_opencv_uses_one_thread_and_no_code_of_the_processor():
    before = cv2.useOptimized(), cv2.getNumThreads()
    try:
        cv2.setUseOptimized(True)
        settle_opencv()
        assert not cv2.useOptimized()
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setUseOptimized(before[0])
        cv2.setNumThreads(before[1])
