"""The artifact: claims and their judge, the report, the appendix for reviewers."""
