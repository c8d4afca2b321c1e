"""The C++ SDK as its users take it: installed and found with find_package, or as a folder of a larger project that
has found the shared OpenSSL for itself. Both make a program that is wholly static and answers an event."""

import hashlib
import json
import os
import re
import subprocess

import pytest

from conftest import ROOT

SDK = ROOT / "sdk"
EVENT = {"resource": "/{proxy+}", "httpMethod": "GET", "path": "/hello/ada", "headers": {"Accept": "*/*"},
         "multiValueHeaders": {"Accept": ["*/*"]}, "queryStringParameters": None, "pathParameters": {"proxy": "hello/ada"},
         "requestContext": {"requestId": "1", "stage": "dev"}, "body": None, "isBase64Encoded": False}
HELLO = {"hello": hashlib.sha256(b"ada").hexdigest()}
COMPILER = ["-DCMAKE_CXX_COMPILER=clang++-19", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", "-GNinja"]


def run(*command, cwd):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdk")
    run("cmake", "-S", SDK, "-B", "build", *COMPILER, "-DDEW_TESTS=OFF", f"-DCMAKE_INSTALL_PREFIX={folder}/prefix", cwd=folder)
    run("cmake", "--build", "build", cwd=folder)
    run("cmake", "--install", "build", cwd=folder)
    return folder / "prefix"


def answer(folder, list_text, *options):
    """What the README's application, built by this CMakeLists.txt, says to the event. It hashes the name, so that it
    needs OpenSSL when it runs."""
    readme = (SDK / "README.md").read_text()
    text = re.search(r"```cpp\n(.*?)```", readme, re.S).group(1)
    hashed = text.replace('request.param("name")', 'dew::sha256_hex(request.param("name"))')
    assert hashed != text
    (folder / "main.cc").write_text("#include <dew/sigv4.h>\n" + hashed)
    (folder / "CMakeLists.txt").write_text(list_text)
    run("cmake", "-S", ".", "-B", "build", *COMPILER, *options, cwd=folder)
    run("cmake", "--build", "build", cwd=folder)
    assert "NEEDED" not in run("readelf", "--dynamic", "bootstrap", cwd=folder)
    (folder / "event.json").write_text(json.dumps(EVENT))
    done = subprocess.run([folder / "bootstrap"], env={**os.environ, "DEW_LOCAL_EVENT": str(folder / "event.json")},
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return json.loads(json.loads(done.stdout)["body"])


def test_the_readme_application_finds_the_package(installed, tmp_path):
    readme = (SDK / "README.md").read_text()
    text = re.search(r"```cmake\n(.*?)```", readme, re.S).group(1)
    assert answer(tmp_path, text, f"-DCMAKE_PREFIX_PATH={installed}") == HELLO


def test_a_project_with_a_shared_openssl_of_its_own_adds_the_folder(tmp_path):
    text = f"""
cmake_minimum_required(VERSION 3.25)
project(larger LANGUAGES CXX)
find_package(OpenSSL REQUIRED)
add_subdirectory({SDK} sdk)
add_executable(bootstrap main.cc)
target_link_libraries(bootstrap PRIVATE dew::sdk)
set_target_properties(bootstrap PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${{CMAKE_SOURCE_DIR}})
"""
    assert answer(tmp_path, text) == HELLO
