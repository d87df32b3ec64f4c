package copy

// Journal is the table on the original in which the copy of a schema is kept.
// Replication brings it to the copy, too.
const Journal = "noren_copy"
