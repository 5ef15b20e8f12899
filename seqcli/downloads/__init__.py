"""A name -> **a public collection of parallel text on disk**, verified.

``catalogue`` knows names, licences, addresses and SHA-256, ``fetching`` is the one module of seqcli
that opens a connection, ``unpacking`` takes text out of archives, ``getting`` does it in order;
``mtdata`` hands names of that package over to it.
"""

from __future__ import annotations

from seqcli.downloads.catalogue import Collection, load_catalogue
from seqcli.downloads.getting import Got, get_collection

__all__ = ["Collection", "Got", "get_collection", "load_catalogue"]
