//! Nothing here: the stories are tests, in `tests/it`.
