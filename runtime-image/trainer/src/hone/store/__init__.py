"""Where models, data and artifacts live: uris become paths, digests are checked, manifests are the commit."""

from hone.store.artifact import ArtifactWriter
from hone.store.deletion import Runs, delete_runs
from hone.store.location import Locator
from hone.store.model import ModelSource
from hone.store.store import DataSource, Store

__all__ = ["ArtifactWriter", "DataSource", "Locator", "ModelSource", "Runs", "Store", "delete_runs"]
