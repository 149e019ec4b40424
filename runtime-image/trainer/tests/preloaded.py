"""What a run imports; a process that has it is forked for each run. Nothing is computed here: threads do not fork."""

from transformers.models.bert import modeling_bert

import hone.finetune
import hone.job

__all__ = ["hone", "modeling_bert"]
