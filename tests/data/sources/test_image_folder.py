"""The images of a folder: which they are, how rows name them, and that no name leads outside."""

import pytest

from dermaflow.data.sources import image_folder
from dermaflow.data.sources.image_folder import ImageFolder, by_stem
from dermaflow.errors import SourceError


@pytest.fixture
def folder(tmp_path):
    """A folder of images beside a file that is none of it."""
    images = tmp_path / "images"
    for name in ("b.jpg", "a.jpg", "sub/b.png", "sub/deep/c.JPG", "masks/1.png", ".trash/d.jpg"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).write_bytes(name.encode())
    for name in (".hidden.jpg", "notes.txt", "sub/list.CSV"):
        (images / name).write_text("no image")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    return images


def test_names_are_sorted_paths_without_documents_and_hidden_files(folder):
    names = ["a.jpg", "b.jpg", "masks/1.png", "sub/b.png", "sub/deep/c.JPG"]
    assert ImageFolder(folder, "key").names() == names


def test_a_folder_of_masks_is_left_out_and_no_other(folder):
    (folder / "sub/masks").mkdir()
    (folder / "sub/masks/2.png").write_bytes(b"2")
    names = ImageFolder(folder, "key", without=folder / "masks").names()
    assert "masks/1.png" not in names
    assert "sub/masks/2.png" in names


def test_a_linked_folder_is_told_and_not_followed_and_a_linked_file_is_one(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.jpg").write_bytes(b"x")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "sub/again.jpg").symlink_to(folder / "a.jpg")
    images = ImageFolder(folder, "key")
    assert {"linked/", "sub/again.jpg"} <= set(images.names())
    assert not any("x.jpg" in name for name in images.names())
    assert images.read("sub/again.jpg") == b"a.jpg"


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        (["*.png"], ["a.jpg", "b.jpg", "sub/deep/c.JPG"]),
        (["SUB/*", "masks/*"], ["a.jpg", "b.jpg"]),
        (["?.jpg", "1.*"], ["sub/b.png"]),
    ],
)
def test_what_fits_a_pattern_of_names_or_paths_is_left_out(folder, ignore, left):
    assert ImageFolder(folder, "key", ignore=ignore).names() == left


def test_files_are_read_by_their_names(folder):
    images = ImageFolder(folder, "key")
    assert images.read("b.jpg") == b"b.jpg"
    assert images.read("sub/b.png") == b"sub/b.png"


@pytest.mark.parametrize(
    "name",
    [
        "c.jpg", "../secret.jpg", "sub/../../secret.jpg", "sub", "", ".", "a\0.jpg", "x" * 5000,
        "/etc/hostname", "sub/../a.jpg",
    ],
)  # fmt: skip
def test_what_is_not_inside_the_folder_is_not_found(folder, name):
    with pytest.raises(FileNotFoundError, match="no such file inside the folder"):
        ImageFolder(folder, "key").read(name)


def test_an_absolute_name_is_not_read_even_inside_the_folder(folder):
    with pytest.raises(FileNotFoundError):
        ImageFolder(folder, "key").read(str(folder / "a.jpg"))


def test_a_link_out_of_the_folder_is_not_followed(folder):
    (folder / "link.jpg").symlink_to(folder.parent / "secret.jpg")
    (folder / "sibling.jpg").symlink_to("../images-2/a.jpg")
    (folder.parent / "images-2").mkdir()  # whose path begins as the folder's does
    (folder.parent / "images-2/a.jpg").write_bytes(b"other")
    images = ImageFolder(folder, "key")
    for name in ("link.jpg", "sibling.jpg"):
        with pytest.raises(OSError, match="a link that leads out of the folder"):
            images.read(name)


def test_a_link_into_a_cache_of_dvc_is_the_file(folder, tmp_path):
    cached = tmp_path / "cache/files/md5/0c/c175b9c0f1b6a831c399e269772661"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"cached")
    (folder / "link.jpg").symlink_to(cached)
    assert ImageFolder(folder, "key").read("link.jpg") == b"cached"


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "linked").symlink_to(folder)
    images = ImageFolder(tmp_path / "linked", "key")
    assert images.path == folder.resolve()
    assert images.read("a.jpg") == b"a.jpg"


@pytest.mark.parametrize(("size", "is_read"), [(5, True), (6, False)])
def test_a_file_above_the_cap_of_bytes_is_refused_and_one_of_just_as_many_is_not(
    folder, monkeypatch, size, is_read
):
    monkeypatch.setattr(image_folder, "MAX_FILE_BYTES", 5)
    (folder / "a.jpg").write_bytes(bytes(size))
    images = ImageFolder(folder, "key")
    if is_read:
        assert images.read("a.jpg") == bytes(5)
    else:
        with pytest.raises(OSError, match="larger than 5 bytes"):
            images.read("a.jpg")


@pytest.mark.parametrize("name", ["nowhere", "secret.jpg"])
def test_what_is_no_folder_is_refused_with_its_key(tmp_path, folder, name):
    with pytest.raises(SourceError, match=rf"there is no folder .*{name}: set clinic\.images"):
        ImageFolder(tmp_path / name, "clinic.images")


def test_only_images_have_a_name_without_suffix():
    assert by_stem(["a.jpg", "a.txt", "b.JPEG", "d"], {"a", "b", "d"}) == {
        "a": "a.jpg",
        "b": "b.JPEG",
    }
