"""Pictures that show the same lesion, whatever their ids say."""
