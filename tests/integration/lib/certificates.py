"""Certificates of a server, by a CA made for the occasion."""

import os
import subprocess


def certificates(directory, names):
    """Makes ca.pem, cert.pem and key.pem there."""
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=directory, check=True, capture_output=True)

    with open(os.path.join(directory, "names"), "w") as f:
        f.write("subjectAltName=" + ",".join(names))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key.pem",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "req.pem",
            "-subj", "/CN=" + names[0].split(":")[1])
    openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-out", "cert.pem", "-days", "2", "-extfile", "names")
    for leaf in os.listdir(directory):
        os.chmod(os.path.join(directory, leaf), 0o644)


def server_options(directory, inside=None):
    """By which a server uses them; inside: the tree whose /tmp the directory is in."""
    seen = directory[len(inside):] if inside else directory
    return [f"--ssl-{kind}={seen}/{kind}.pem" for kind in ("ca", "cert", "key")]
