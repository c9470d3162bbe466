"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_table('articles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('story_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=80), server_default='', nullable=False),
    sa.Column('url_key', sa.Text(), server_default='', nullable=False),
    sa.Column('guid_key', sa.Text(), server_default='', nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('title_key', sa.String(length=64), nullable=False),
    sa.Column('text_hash', sa.String(length=64), server_default='', nullable=False),
    sa.Column('file_key', sa.String(length=64), server_default='', nullable=False),
    sa.Column('sketch', sa.Text(), server_default='', nullable=False),
    sa.Column('revision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('collected_at', sa.BigInteger(), nullable=False),
    sa.Column('edits', sa.JSON(), server_default='{}', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_articles'))
    )
    with op.batch_alter_table('articles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_articles_collected_at'), ['collected_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_articles_content_hash'), ['content_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_articles_file_key'), ['file_key'], unique=False)
        batch_op.create_index('ix_articles_guid_key', ['guid_key'], unique=False)
        batch_op.create_index(batch_op.f('ix_articles_story_id'), ['story_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_articles_text_hash'), ['text_hash'], unique=False)
        batch_op.create_index(batch_op.f('ix_articles_title_key'), ['title_key'], unique=False)
        batch_op.create_index('uq_articles_url_key', ['url_key'], unique=True, sqlite_where=sa.text("url_key <> ''"), postgresql_where=sa.text("url_key <> ''"))

    op.create_table('histories',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('stories', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_histories')),
    sa.UniqueConstraint('key', name=op.f('uq_histories_key'))
    )
    op.create_table('newsletters',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('paused_because', sa.Text(), server_default='', nullable=False),
    sa.Column('resumed_at', sa.BigInteger(), nullable=True),
    sa.Column('approval', sa.String(length=4), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_newsletters')),
    sa.UniqueConstraint('slug', name=op.f('uq_newsletters_slug'))
    )
    op.create_table('matchings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_matchings')),
    sa.UniqueConstraint('hash', name=op.f('uq_matchings_hash'))
    )
    op.create_table('pieces',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pieces')),
    sa.UniqueConstraint('hash', name=op.f('uq_pieces_hash'))
    )
    op.create_table('pools',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('spec', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pools')),
    sa.UniqueConstraint('hash', name=op.f('uq_pools_hash'))
    )
    op.create_table('profiles',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('interests', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profiles')),
    sa.UniqueConstraint('key', name=op.f('uq_profiles_key'))
    )
    op.create_table('sources',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('location', sa.Text(), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('etag', sa.Text(), server_default='', nullable=False),
    sa.Column('last_modified', sa.Text(), server_default='', nullable=False),
    sa.Column('next_visit_at', sa.BigInteger(), nullable=False),
    sa.Column('last_visit_at', sa.BigInteger(), nullable=True),
    sa.Column('last_error', sa.Text(), server_default='', nullable=False),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sources')),
    sa.UniqueConstraint('slug', name=op.f('uq_sources_slug'))
    )
    with op.batch_alter_table('sources', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sources_next_visit_at'), ['next_visit_at'], unique=False)

    op.create_table('suppressions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_suppressions')),
    sa.UniqueConstraint('address_hash', name=op.f('uq_suppressions_address_hash'))
    )
    op.create_table('topics',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.String(length=80), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topics')),
    sa.UniqueConstraint('slug', name=op.f('uq_topics_slug'))
    )
    op.create_table('article_sources',
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_sources_article_id_articles')),
    sa.PrimaryKeyConstraint('article_id', 'source', name=op.f('pk_article_sources'))
    )
    op.create_table('article_bands',
    sa.Column('band', sa.BigInteger(), nullable=False),
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_bands_article_id_articles')),
    sa.PrimaryKeyConstraint('band', 'article_id', name=op.f('pk_article_bands'))
    )
    with op.batch_alter_table('article_bands', schema=None) as batch_op:
        batch_op.create_index('ix_article_bands_article_id', ['article_id'], unique=False)

    op.create_table('article_keys',
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_article_keys_article_id_articles')),
    sa.PrimaryKeyConstraint('key', 'article_id', name=op.f('pk_article_keys'))
    )
    op.create_table('cadences',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rule', sa.String(length=120), nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('next_slot_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_cadences_newsletter_id_newsletters')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cadences')),
    sa.UniqueConstraint('newsletter_id', 'rule', 'zone', name=op.f('uq_cadences_newsletter_id_rule_zone'))
    )
    with op.batch_alter_table('cadences', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cadences_next_slot_at'), ['next_slot_at'], unique=False)

    op.create_table('editions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('approval', sa.String(length=4), server_default='', nullable=False),
    sa.Column('pool_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changes', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_editions_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['pool_id'], ['pools.id'], name=op.f('fk_editions_pool_id_pools')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_editions')),
    sa.UniqueConstraint('newsletter_id', 'period', name=op.f('uq_editions_newsletter_id_period'))
    )
    with op.batch_alter_table('editions', schema=None) as batch_op:
        batch_op.create_index('ix_editions_unsettled', ['newsletter_id'], unique=False, sqlite_where=sa.text("approval <> '' AND state NOT IN ('finished', 'cancelled')"), postgresql_where=sa.text("approval <> '' AND state NOT IN ('finished', 'cancelled')"))

    op.create_table('errands',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('begun_at', sa.BigInteger(), nullable=True),
    sa.Column('done_at', sa.BigInteger(), nullable=True),
    sa.Column('told', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_errands_edition_id_editions')),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_errands_newsletter_id_newsletters')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_errands'))
    )
    with op.batch_alter_table('errands', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_errands_edition_id'), ['edition_id'], unique=False)
        batch_op.create_index('ix_errands_waiting', ['kind'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))

    op.create_table('proof_lists',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('addresses', sa.JSON(), nullable=False),
    sa.Column('saved_by', sa.Text(), nullable=False),
    sa.Column('saved_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_proof_lists'))
    )
    op.create_table('approvals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pool_hash', sa.String(length=64), nullable=False),
    sa.Column('window_start', sa.BigInteger(), nullable=False),
    sa.Column('window_end', sa.BigInteger(), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=False),
    sa.Column('approved_at', sa.BigInteger(), nullable=False),
    sa.Column('withdrawn_by', sa.Text(), server_default='', nullable=False),
    sa.Column('withdrawn_at', sa.BigInteger(), nullable=True),
    sa.Column('withdrawn_because', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_approvals_edition_id_editions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_approvals'))
    )
    with op.batch_alter_table('approvals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_approvals_edition_id'), ['edition_id'], unique=False)

    op.create_table('revisions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('made_by', sa.String(length=80), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_revisions_article_id_articles')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revisions'))
    )
    with op.batch_alter_table('revisions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_revisions_article_id'), ['article_id'], unique=False)

    op.create_table('reviews',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('revision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reviewer', sa.String(length=80), nullable=False),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_reviews_revision_id_revisions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reviews'))
    )
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reviews_revision_id'), ['revision_id'], unique=False)

    op.create_table('matches',
    sa.Column('matching_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('revision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('found', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['matching_id'], ['matchings.id'], name=op.f('fk_matches_matching_id_matchings')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_matches_revision_id_revisions')),
    sa.PrimaryKeyConstraint('matching_id', 'revision_id', name=op.f('pk_matches'))
    )
    op.create_table('rulings',
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter', sa.String(length=80), server_default='', nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=True),
    sa.Column('ruled_by', sa.Text(), nullable=False),
    sa.Column('ruled_at', sa.BigInteger(), nullable=False),
    sa.Column('applied_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_rulings_article_id_articles')),
    sa.PrimaryKeyConstraint('article_id', 'newsletter', 'kind', name=op.f('pk_rulings'))
    )
    op.create_table('edition_notes',
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('markdown', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('written_by', sa.Text(), nullable=False),
    sa.Column('written_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_edition_notes_edition_id_editions')),
    sa.PrimaryKeyConstraint('edition_id', 'kind', name=op.f('pk_edition_notes'))
    )
    op.create_table('subscribers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('address_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('domain', sa.Text(), server_default='', nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('locale', sa.String(length=20), nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('history_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('joined_at', sa.BigInteger(), nullable=False),
    sa.Column('chosen_at', sa.BigInteger(), nullable=True),
    sa.Column('joins', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['history_id'], ['histories.id'], name=op.f('fk_subscribers_history_id_histories')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscribers')),
    sa.UniqueConstraint('address_key', name=op.f('uq_subscribers_address_key'))
    )
    with op.batch_alter_table('subscribers', schema=None) as batch_op:
        batch_op.create_index('ix_subscribers_domain', ['domain', 'id'], unique=False)
        batch_op.create_index('ix_subscribers_joins', ['joins'], unique=False, sqlite_where=sa.text('joins <> 0'), postgresql_where=sa.text('joins <> 0'))
        batch_op.create_index('ix_subscribers_locale', ['locale', 'id'], unique=False)
        batch_op.create_index('ix_subscribers_zone', ['zone', 'id'], unique=False)

    op.create_table('consents',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.String(length=20), nullable=False),
    sa.Column('source', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('wording', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_consents_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_consents_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consents'))
    )
    with op.batch_alter_table('consents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consents_subscriber_id'), ['subscriber_id'], unique=False)

    op.create_table('sign_ups',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('network_hash', sa.String(length=64), nullable=False),
    sa.Column('wish', sa.JSON(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('letter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mailed_at', sa.BigInteger(), nullable=True),
    sa.Column('confirmed_at', sa.BigInteger(), nullable=True),
    sa.Column('old_letter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('old_confirmed_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_sign_ups_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_sign_ups_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ups'))
    )
    with op.batch_alter_table('sign_ups', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_ups_subscriber_id'), ['subscriber_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_ups_asked_at'), ['asked_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_ups_letter_id'), ['letter_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_ups_old_letter_id'), ['old_letter_id'], unique=False)
        batch_op.create_index('ix_sign_ups_address_hash', ['address_hash', 'asked_at'], unique=False)
        batch_op.create_index('ix_sign_ups_network_hash', ['network_hash', 'asked_at'], unique=False)

    op.create_table('former_addresses',
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_former_addresses_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('address_hash', name=op.f('pk_former_addresses'))
    )
    with op.batch_alter_table('former_addresses', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_former_addresses_subscriber_id'), ['subscriber_id'], unique=False)

    op.create_table('slots',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slot_at', sa.BigInteger(), nullable=False),
    sa.Column('pool_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('planned_at', sa.BigInteger(), nullable=False),
    sa.Column('zones', sa.String(length=20), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_slots_edition_id_editions')),
    sa.ForeignKeyConstraint(['pool_id'], ['pools.id'], name=op.f('fk_slots_pool_id_pools')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slots')),
    sa.UniqueConstraint('edition_id', 'slot_at', name=op.f('uq_slots_edition_id_slot_at'))
    )
    op.create_table('subscriptions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('profile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cadence_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('ended_reason', sa.String(length=20), server_default='', nullable=False),
    sa.Column('paused_until', sa.BigInteger(), nullable=True),
    sa.Column('send_at', sa.String(length=5), server_default='', nullable=False),
    sa.Column('frequency', sa.String(length=40), server_default='', nullable=False),
    sa.Column('moved_at', sa.BigInteger(), nullable=True),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('way', sa.String(length=10), server_default='', nullable=False),
    sa.Column('chosen_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['cadence_id'], ['cadences.id'], name=op.f('fk_subscriptions_cadence_id_cadences')),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_subscriptions_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_subscriptions_profile_id_profiles')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_subscriptions_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
    sa.UniqueConstraint('subscriber_id', 'newsletter_id', name=op.f('uq_subscriptions_subscriber_id_newsletter_id'))
    )
    with op.batch_alter_table('subscriptions', schema=None) as batch_op:
        batch_op.create_index('ix_subscriptions_due', ['cadence_id', 'state'], unique=False)
        batch_op.create_index('ix_subscriptions_listed', ['newsletter_id', 'state', 'subscriber_id'], unique=False)
        batch_op.create_index('ix_subscriptions_profile_id', ['profile_id', 'subscriber_id'], unique=False)
        batch_op.create_index('ix_subscriptions_moved', ['cadence_id'], unique=False, sqlite_where=sa.text('moved_at IS NOT NULL'), postgresql_where=sa.text('moved_at IS NOT NULL'))

    op.create_table('origins',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('base_url', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_origins')),
    sa.UniqueConstraint('key_id', 'base_url', name=op.f('uq_origins_key_id_base_url'))
    )
    op.create_table('digests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slot_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pool_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('profile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('locale', sa.String(length=20), nullable=False),
    sa.Column('history_before', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('history_after', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('origin_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('items', sa.Text(), nullable=False),
    sa.Column('layout', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['history_after'], ['histories.id'], name=op.f('fk_digests_history_after_histories')),
    sa.ForeignKeyConstraint(['history_before'], ['histories.id'], name=op.f('fk_digests_history_before_histories')),
    sa.ForeignKeyConstraint(['origin_id'], ['origins.id'], name=op.f('fk_digests_origin_id_origins')),
    sa.ForeignKeyConstraint(['pool_id'], ['pools.id'], name=op.f('fk_digests_pool_id_pools')),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_digests_profile_id_profiles')),
    sa.ForeignKeyConstraint(['slot_id'], ['slots.id'], name=op.f('fk_digests_slot_id_slots')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_digests'))
    )
    with op.batch_alter_table('digests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_digests_slot_id'), ['slot_id'], unique=False)

    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slot_at', sa.BigInteger(), nullable=False),
    sa.Column('digest_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=40), server_default='', nullable=False),
    sa.Column('plan_no', sa.Integer(), server_default='1', nullable=False),
    sa.Column('attempt_no', sa.Integer(), server_default='0', nullable=False),
    sa.Column('doubt_count', sa.Integer(), server_default='0', nullable=False),
    sa.Column('crash_count', sa.Integer(), server_default='0', nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('dated_at', sa.BigInteger(), nullable=True),
    sa.Column('claimed_by', sa.String(length=60), server_default='', nullable=False),
    sa.Column('token', sa.Integer(), server_default='0', nullable=False),
    sa.Column('lease_until', sa.BigInteger(), nullable=True),
    sa.Column('next_attempt_at', sa.BigInteger(), nullable=True),
    sa.Column('planned_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.Column('part_of', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('waits_until', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['digest_id'], ['digests.id'], name=op.f('fk_deliveries_digest_id_digests')),
    sa.ForeignKeyConstraint(['edition_id'], ['editions.id'], name=op.f('fk_deliveries_edition_id_editions')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_deliveries_subscriber_id_subscribers')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscriptions.id'], name=op.f('fk_deliveries_subscription_id_subscriptions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('edition_id', 'subscriber_id', name=op.f('uq_deliveries_edition_id_subscriber_id'))
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('uq_deliveries_under_way', ['subscriber_id'], unique=True, sqlite_where=sa.text('lease_until IS NOT NULL'), postgresql_where=sa.text('lease_until IS NOT NULL'))
        batch_op.create_index('ix_deliveries_subscriber_id', ['subscriber_id'], unique=False)
        batch_op.create_index('ix_deliveries_waits_until', ['waits_until'], unique=False, sqlite_where=sa.text('waits_until IS NOT NULL'), postgresql_where=sa.text('waits_until IS NOT NULL'))
        batch_op.create_index('ix_deliveries_part_of', ['part_of'], unique=False, sqlite_where=sa.text('part_of IS NOT NULL'), postgresql_where=sa.text('part_of IS NOT NULL'))
        batch_op.create_index('ix_deliveries_joined', ['next_attempt_at'], unique=False, sqlite_where=sa.text('part_of IS NOT NULL AND next_attempt_at IS NOT NULL'), postgresql_where=sa.text('part_of IS NOT NULL AND next_attempt_at IS NOT NULL'))
        batch_op.create_index('ix_deliveries_unusual', ['state', 'edition_id', 'id'], unique=False, sqlite_where=sa.text("state NOT IN ('ready', 'claimed', 'sent')"), postgresql_where=sa.text("state NOT IN ('ready', 'claimed', 'sent')"))
        batch_op.create_index('ix_deliveries_work', ['next_attempt_at', 'id'], unique=False, sqlite_where=sa.text('next_attempt_at IS NOT NULL'), postgresql_where=sa.text('next_attempt_at IS NOT NULL'))

    op.create_table('attempts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_no', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=12), nullable=False),
    sa.Column('phase', sa.String(length=10), nullable=False),
    sa.Column('reply_code', sa.Integer(), nullable=False),
    sa.Column('enhanced', sa.String(length=12), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('server', sa.String(length=255), nullable=False),
    sa.Column('recipient', sa.Text(), server_default='', nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('finished_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name=op.f('fk_attempts_delivery_id_deliveries')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts'))
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempts_delivery_id'), ['delivery_id'], unique=False)

    op.create_table('users',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('password', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('second_factor', sa.String(length=80), server_default='', nullable=False),
    sa.Column('used_step', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('recovery_codes', sa.JSON(), server_default='[]', nullable=False),
    sa.Column('identity', sa.String(length=64), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('identity', name=op.f('uq_users_identity')),
    sa.UniqueConstraint('name', name=op.f('uq_users_name'))
    )
    op.create_table('sessions',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sessions_user_id_users')),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_sessions'))
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sessions_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_sessions_ends_at'), ['ends_at'], unique=False)

    op.create_table('spent_states',
    sa.Column('state_hash', sa.String(length=64), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('state_hash', name=op.f('pk_spent_states'))
    )
    with op.batch_alter_table('spent_states', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spent_states_ends_at'), ['ends_at'], unique=False)

    op.create_table('bookmarks',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_bookmarks'))
    )
    op.create_table('reports',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_key', sa.String(length=80), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('class', sa.String(length=12), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('reply_code', sa.String(length=3), nullable=False),
    sa.Column('cause', sa.String(length=40), nullable=False),
    sa.Column('sender_fault', sa.Integer(), nullable=False),
    sa.Column('feedback_type', sa.String(length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('found_by', sa.String(length=12), nullable=False),
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('effect', sa.String(length=12), server_default='', nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name=op.f('fk_reports_delivery_id_deliveries')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscriptions.id'], name=op.f('fk_reports_subscription_id_subscriptions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reports')),
    sa.UniqueConstraint('source_key', 'number', name=op.f('uq_reports_source_key_number'))
    )
    with op.batch_alter_table('reports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reports_delivery_id'), ['delivery_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reports_effect'), ['effect'], unique=False)
        batch_op.create_index('ix_reports_listed', ['class', 'subscription_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reports_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('api_tokens',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('newsletters', sa.Text(), server_default='', nullable=False),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('ends_at', sa.BigInteger(), nullable=True),
    sa.Column('last_used_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_api_tokens_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_tokens'))
    )
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_tokens_user_id'), ['user_id'], unique=False)

    op.create_table('api_requests',
    sa.Column('token_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('request_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=80), server_default='', nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['api_tokens.id'], name=op.f('fk_api_requests_token_id_api_tokens')),
    sa.PrimaryKeyConstraint('token_id', 'key_hash', name=op.f('pk_api_requests'))
    )
    with op.batch_alter_table('api_requests', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_requests_at'), ['at'], unique=False)

    op.create_table('webhooks',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=False),
    sa.Column('events', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('positions', sa.JSON(), nullable=False),
    sa.Column('failing_since', sa.BigInteger(), nullable=True),
    sa.Column('last_error', sa.Text(), server_default='', nullable=False),
    sa.Column('disabled_because', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks'))
    )
    op.create_table('webhook_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('webhook_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event', sa.String(length=30), nullable=False),
    sa.Column('fact_id', sa.BigInteger(), nullable=False),
    sa.Column('tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('next_try_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_webhook_messages_webhook_id_webhooks')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_messages')),
    sa.UniqueConstraint('webhook_id', 'event', 'fact_id', name=op.f('uq_webhook_messages_webhook_id_event_fact_id'))
    )
    with op.batch_alter_table('webhook_messages', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_messages_due', ['next_try_at'], unique=False, sqlite_where=sa.text('next_try_at IS NOT NULL'), postgresql_where=sa.text('next_try_at IS NOT NULL'))

    op.create_table('profile_topics',
    sa.Column('topic', sa.String(length=80), nullable=False),
    sa.Column('profile_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['profile_id'], ['profiles.id'], name=op.f('fk_profile_topics_profile_id_profiles')),
    sa.PrimaryKeyConstraint('topic', 'profile_id', name=op.f('pk_profile_topics'))
    )
    with op.batch_alter_table('profile_topics', schema=None) as batch_op:
        batch_op.create_index('ix_profile_topics_profile_id', ['profile_id'], unique=False)

    op.create_table('segments',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('conditions', sa.JSON(), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_segments')),
    sa.UniqueConstraint('name', name=op.f('uq_segments_name'))
    )

    op.create_table('chores',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_by', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.BigInteger(), nullable=False),
    sa.Column('spec', sa.JSON(), nullable=False),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('done', sa.Integer(), server_default='0', nullable=False),
    sa.Column('total', sa.Integer(), server_default='0', nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=True),
    sa.Column('finished_at', sa.BigInteger(), nullable=True),
    sa.Column('problem', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chores'))
    )
    with op.batch_alter_table('chores', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_chores_due_at'), ['due_at'], unique=False)

    op.create_table('chore_rows',
    sa.Column('chore_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['chore_id'], ['chores.id'], name=op.f('fk_chore_rows_chore_id_chores')),
    sa.PrimaryKeyConstraint('chore_id', 'number', name=op.f('pk_chore_rows'))
    )
    with op.batch_alter_table('chore_rows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_chore_rows_subscriber_id'), ['subscriber_id'], unique=False)

    op.create_table('chore_files',
    sa.Column('chore_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=10), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['chore_id'], ['chores.id'], name=op.f('fk_chore_files_chore_id_chores')),
    sa.PrimaryKeyConstraint('chore_id', 'name', 'number', name=op.f('pk_chore_files'))
    )

    op.create_table('user_roles',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_user_roles_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_roles_user_id_users')),
    sa.PrimaryKeyConstraint('user_id', 'newsletter_id', name=op.f('pk_user_roles'))
    )
    op.create_table('alerts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('newsletter', sa.String(length=80), server_default='', nullable=False),
    sa.Column('says', sa.Text(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=6), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', sa.BigInteger(), nullable=True),
    sa.Column('closed_by', sa.String(length=80), server_default='', nullable=False),
    sa.Column('mailed_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alerts'))
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index('uq_alerts_going_on', ['kind', 'subject'], unique=True, sqlite_where=sa.text("state <> 'closed'"), postgresql_where=sa.text("state <> 'closed'"))

    op.create_table('template_versions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('mail', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('files', sa.JSON(), nullable=False),
    sa.Column('based_on', sa.Integer(), server_default='0', nullable=False),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('made_at', sa.BigInteger(), nullable=False),
    sa.Column('published_by', sa.String(length=80), server_default='', nullable=False),
    sa.Column('published_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_template_versions')),
    sa.UniqueConstraint('mail', 'number', name=op.f('uq_template_versions_mail_number'))
    )
    with op.batch_alter_table('template_versions', schema=None) as batch_op:
        batch_op.create_index('uq_template_versions_published', ['mail'], unique=True, sqlite_where=sa.text("state = 'published'"), postgresql_where=sa.text("state = 'published'"))

    op.create_table('audit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.String(length=80), nullable=False),
    sa.Column('action', sa.String(length=40), nullable=False),
    sa.Column('target', sa.String(length=200), nullable=False),
    sa.Column('before', sa.JSON(), nullable=True),
    sa.Column('after', sa.JSON(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('ix_audit_target', ['target', 'id'], unique=False)
        batch_op.create_index('ix_audit_who', ['who', 'id'], unique=False)
    op.create_table('follows',
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('object_key', sa.String(length=200), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_follows_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_follows_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('newsletter_id', 'object_key', 'subscriber_id', name=op.f('pk_follows'))
    )
    with op.batch_alter_table('follows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_follows_subscriber_id'), ['subscriber_id'], unique=False)

    op.create_table('reader_rules',
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quiet', sa.String(length=11), server_default='', nullable=False),
    sa.Column('quiet_days', sa.String(length=30), server_default='', nullable=False),
    sa.Column('daily_cap', sa.Integer(), server_default='0', nullable=False),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_reader_rules_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('subscriber_id', name=op.f('pk_reader_rules'))
    )
    op.create_table('event_windows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('group_key', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('policy', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('closes_at', sa.BigInteger(), nullable=False),
    sa.Column('counts_from', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('changed', sa.Integer(), server_default='0', nullable=False),
    sa.Column('critical', sa.Integer(), server_default='0', nullable=False),
    sa.Column('delivery_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name=op.f('fk_event_windows_delivery_id_deliveries')),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_event_windows_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_event_windows_subscriber_id_subscribers')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscriptions.id'], name=op.f('fk_event_windows_subscription_id_subscriptions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_windows'))
    )
    with op.batch_alter_table('event_windows', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_event_windows_delivery_id'), ['delivery_id'], unique=False)
        batch_op.create_index('ix_event_windows_group', ['subscription_id', 'group_key', 'closes_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_event_windows_subscriber_id'), ['subscriber_id'], unique=False)
        batch_op.create_index('ix_event_windows_work', ['newsletter_id', 'closes_at'], unique=False, sqlite_where=sa.text("state <> 'closed'"), postgresql_where=sa.text("state <> 'closed'"))
        batch_op.create_index('uq_event_windows_open', ['subscription_id', 'group_key'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scope', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('window_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dedupe_key', sa.Text(), nullable=True),
    sa.Column('object_key', sa.String(length=200), server_default='', nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('occurred_at', sa.BigInteger(), nullable=False),
    sa.Column('added_at', sa.BigInteger(), nullable=False),
    sa.Column('expires_at', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.String(length=10), server_default='', nullable=False),
    sa.Column('reason', sa.String(length=20), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_events_newsletter_id_newsletters')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_events_subscriber_id_subscribers')),
    sa.ForeignKeyConstraint(['window_id'], ['event_windows.id'], name=op.f('fk_events_window_id_event_windows')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_events')),
    sa.UniqueConstraint('scope', 'dedupe_key', 'subscriber_id', name=op.f('uq_events_scope_dedupe_key_subscriber_id'))
    )
    with op.batch_alter_table('events', schema=None) as batch_op:
        batch_op.create_index('ix_events_expiring', ['newsletter_id', 'expires_at'], unique=False, sqlite_where=sa.text('expires_at IS NOT NULL'), postgresql_where=sa.text('expires_at IS NOT NULL'))
        batch_op.create_index('ix_events_object', ['object_key'], unique=False, sqlite_where=sa.text("object_key <> ''"), postgresql_where=sa.text("object_key <> ''"))
        batch_op.create_index(batch_op.f('ix_events_subscriber_id'), ['subscriber_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_events_window_id'), ['window_id'], unique=False)

    op.create_table('tallies',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('newsletter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider', sa.String(length=40), nullable=False),
    sa.Column('event', sa.String(length=12), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['newsletter_id'], ['newsletters.id'], name=op.f('fk_tallies_newsletter_id_newsletters')),
    sa.PrimaryKeyConstraint('day', 'newsletter_id', 'provider', 'event', name=op.f('pk_tallies'))
    )
    op.create_table('thoughts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('article_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriber_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('written_at', sa.BigInteger(), nullable=False),
    sa.Column('judged_by', sa.Text(), server_default='', nullable=False),
    sa.Column('judged_at', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_thoughts_article_id_articles')),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscribers.id'], name=op.f('fk_thoughts_subscriber_id_subscribers')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_thoughts'))
    )
    with op.batch_alter_table('thoughts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thoughts_subscriber_id'), ['subscriber_id'], unique=False)
        batch_op.create_index('ix_thoughts_state', ['state', 'article_id', 'id'], unique=False)
