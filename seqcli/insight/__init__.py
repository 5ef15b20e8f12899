"""Looks into a trained model."""
