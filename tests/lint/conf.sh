#!/bin/sh
# The page about the configuration is what the table of keys and its template make.
exec tests/tools/conf_page.sh --check
