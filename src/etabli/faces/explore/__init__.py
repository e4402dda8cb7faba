"""`etabli explore FILE|RUN`: a local page over the rows of a file, before anything is trained.

`opening.py` makes a file ready (`Opened`: one Parquet file that DuckDB scans, its columns as `fit` reads them, a sample, the audit);
`app.py` serves the pages of the folder `pages/`, each a function from (Opened, State) to what is shown; `server.py` starts and ends it.
The whole state of a page is its address, as Datasette does it: a link can be kept, sent and gone back to, and no script is needed.
"""
