"""What every experiment uses: composition, record, tables, checkpoints, provenance, tracking, progress."""
