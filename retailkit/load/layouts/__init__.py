"""The layouts that come with the package, one small TOML page per kind of export; see README.md."""
