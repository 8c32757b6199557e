from .index import IndexResult as IndexResult
from .index import index_folder as index_folder
