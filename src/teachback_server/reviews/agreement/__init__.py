"""How far the people who decide agree: blind second reviews, planted known answers, and what is made of them."""
