"""Homework: one source a lesson, a student's copy and a solution built from it, and both run in full."""
