"""The command line and what joins the stages."""
